"""Conversations: the messages that a template takes."""

from stillroom.data.chat.conversation import Conversation, Turn, messages_of

CALL = {"name": "add", "arguments": {"a": 1, "b": [2]}}
TURNS = (
    Turn(role="system", content="Be brief."),
    Turn(role="user", content="1 + 2?"),
    Turn(role="assistant", content="", reasoning="I add.", tool_calls=({**CALL, "id": "c1"}, CALL)),
    Turn(role="tool", content="3", name="add", call_id="c1"),
    Turn(role="assistant", content="3", reasoning=""),
)


def test_messages_have_the_keys_of_openais_api() -> None:
    function = {"name": "add", "arguments": {"a": 1, "b": [2]}}
    assert messages_of(TURNS, "keep") == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1 + 2?"},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "I add.",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": function},
                {"type": "function", "function": function},
            ],
        },
        {"role": "tool", "content": "3", "name": "add", "tool_call_id": "c1"},
        {"role": "assistant", "content": "3", "reasoning_content": ""},
    ]


def test_dropped_reasoning_is_in_no_message() -> None:
    kept, dropped = messages_of(TURNS, "keep"), messages_of(TURNS, "drop")
    assert [{k: v for k, v in one.items() if k != "reasoning_content"} for one in kept] == dropped


def test_a_conversation_is_named_by_its_file_and_row() -> None:
    assert Conversation(turns=TURNS, part="a/b.jsonl", row=7).origin == "a/b.jsonl, row 7"
