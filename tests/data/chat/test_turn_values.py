"""Turn values: messages by the names of OpenAI's API and of ShareGPT."""

from typing import Any

import pytest

from stillroom.data.chat.conversation import Turn
from stillroom.data.chat.row_origin import RowNotices, RowOrigin
from stillroom.data.chat.turn_values import turn_of
from stillroom.errors import DataError


def place() -> RowOrigin:
    return RowOrigin("a.jsonl", 4, RowNotices("a.jsonl"), turn=1)


def said(message: dict[str, Any]) -> list[str]:
    origin = place()
    turn_of(message, origin)
    return [f"{notice.kind}: {notice.text}" for notice in origin.notices.notices()]


CALLS = ({"name": "f", "arguments": {"x": 1}},)


@pytest.mark.parametrize(
    ("message", "turn"),
    [
        ({"role": "user", "content": " Hé\n"}, Turn(role="user", content=" Hé\n")),
        ({"role": "system", "content": ""}, Turn(role="system", content="")),
        ({"from": "human", "value": "a"}, Turn(role="user", content="a")),
        ({"from": "gpt", "value": "a"}, Turn(role="assistant", content="a")),
        ({"from": "observation", "value": "a"}, Turn(role="tool", content="a")),
        ({"role": "Assistant", "content": "a"}, Turn(role="assistant", content="a")),
        ({"role": "developer", "content": "a"}, Turn(role="system", content="a")),
        ({"role": "function", "name": "f", "content": ""}, Turn(role="tool", content="", name="f")),
        (
            {"role": "tool", "tool_call_id": "c", "content": "{}"},
            Turn(role="tool", content="{}", call_id="c"),
        ),
        (
            {"role": "user", "content": "a", "from": None, "tool_calls": None},
            Turn(role="user", content="a"),
        ),
        ({"role": "user", "content": "a", "tool_calls": []}, Turn(role="user", content="a")),
    ],
)
def test_a_message_is_read(message: dict[str, Any], turn: Turn) -> None:
    assert turn_of(message, place()) == turn


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": None, "tool_calls": list(CALLS)},
        {"role": "assistant", "tool_calls": [{"type": "function", "function": CALLS[0]}]},
        {
            "role": "assistant",
            "content": "",
            "function_call": {"name": "f", "arguments": '{"x":1}'},
        },
        {"from": "function_call", "value": '{"name": "f", "arguments": {"x": 1}}'},
        {"from": "function_call", "value": '[{"name": "f", "arguments": "{\\"x\\": 1}"}]'},
    ],
)
def test_an_assistant_that_only_calls_a_tool_has_an_empty_text(message: dict[str, Any]) -> None:
    assert turn_of(message, place()) == Turn(role="assistant", content="", tool_calls=CALLS)


@pytest.mark.parametrize(
    "more",
    [
        {"reasoning_content": "Hm."},
        {"reasoning": "Hm."},
        {"thinking": "Hm."},
        {"reasoning_content": "Hm.", "reasoning": "Hm.", "thinking": ""},
        {"content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "a"}]},
    ],
)
def test_reasoning_is_read_under_each_name(more: dict[str, Any]) -> None:
    message = {"role": "assistant", "content": "a", **more}
    assert turn_of(message, place()) == Turn(role="assistant", content="a", reasoning="Hm.")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ([{"type": "text", "text": "a "}, {"type": "text", "text": "b"}], "a b"),
        (["a", "b"], "ab"),
        ([{"type": "text", "text": "a", "image": None, "index": None}], "a"),
        ([{"type": "input_text", "text": "a"}], "a"),
        ([{"text": "a"}], "a"),
    ],
)
def test_a_list_of_texts_is_joined(content: list[Any], text: str) -> None:
    message = {"role": "user", "content": content}
    assert turn_of(message, place()).content == text
    assert said(message) == [
        "converted: a.jsonl: contents that are lists of texts are joined: 1 time, first in row 4."
    ]


def test_roles_and_keys_that_change_or_go_are_said() -> None:
    assert said({"from": "gpt", "value": "a", "mood": 0, "name": "Al", "x": None}) == [
        "converted: a.jsonl: roles are read as others (gpt as assistant): 1 time, first in row 4.",
        "left_out: a.jsonl: keys of turns are not read (mood of assistant, name of assistant): 2 "
        "times, first in row 4.",
    ]
    assert said({"role": "user", "content": "a", "reasoning": "b"}) == [
        "left_out: a.jsonl: keys of turns are not read (reasoning of user): 1 time, first in row 4."
    ]
    assert said({"role": "assistant", "content": "a", "reasoning": "b"}) == []


USER: dict[str, Any] = {"role": "user"}
ASSISTANT: dict[str, Any] = {"role": "assistant"}


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("hello", "it is 'hello', not a message"),
        (None, "it is None, not a message"),
        ({}, "it has no role. Add one of the keys role and from"),
        ({"content": "a"}, "it has no role"),
        ({"role": "usr", "content": "a"}, "the role is 'usr'. Did you mean user?"),
        ({"role": "narrator", "content": "a"}, "the role is 'narrator'. Allowed: system, user"),
        ({"role": 1, "content": "a"}, "the role is 1. Allowed"),
        ({"role": "x\x1b[2J", "content": "a"}, "the role is 'x\\x1b[2J'. Allowed"),
        ({"role": "user", "from": "gpt", "content": "a"}, "role and from differ"),
        ({**USER, "content": "a", "value": "b"}, "content and value differ"),
        (USER, "the user has no content (null)"),
        ({**ASSISTANT, "content": None}, "the assistant has no content (null)"),
        ({**ASSISTANT, "content": ""}, "the assistant says nothing"),
        ({**ASSISTANT, "content": "", "reasoning": "Hm."}, "the assistant says nothing"),
        ({"from": "function_call", "value": ""}, "the assistant says nothing"),
        ({"from": "function_call"}, "it has no call"),
        ({**USER, "content": 3}, "content is 3, not text"),
        ({**USER, "content": {"text": "a"}}, "content is {'text': 'a'}, not text"),
        ({**USER, "content": "\ud800"}, "content is not Unicode text"),
        ({**USER, "content": []}, "the content is an empty list"),
        ({**USER, "content": [3]}, "a part of the content has no text"),
        ({**USER, "content": [{"type": "text"}]}, "a part of the content has no text"),
        ({**USER, "content": [{"type": "text", "text": 3}]}, "a part of the content is 3, not"),
        (
            {**USER, "content": [{"type": "text", "text": "a"}, {"type": "image"}]},
            "a part of the content is of type 'image'; only text can be read",
        ),
        ({**USER, "content": [{"type": "image_url", "image_url": {}}]}, "of type 'image_url'"),
        ({**USER, "content": [{"type": "input_audio"}]}, "of type 'input_audio'"),
        ({**USER, "content": "a", "tool_calls": list(CALLS)}, "the user calls a tool"),
        ({**ASSISTANT, "content": "a", "reasoning": 3}, "reasoning is 3, not text"),
        (
            {**ASSISTANT, "content": "a", "reasoning": "b", "thinking": "c"},
            "the reasoning stands twice and differs (reasoning, thinking)",
        ),
        ({"role": "tool", "content": "a", "name": 3}, "name is 3, not text"),
    ],
)
def test_a_broken_message_is_named_with_its_turn(message: object, words: str) -> None:
    with pytest.raises(DataError) as refused:
        turn_of(message, place())
    assert words in str(refused.value)
    assert str(refused.value).startswith("a.jsonl, row 4, turn 1: ")
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("flags", "is_learnt"),
    [
        ({}, True),
        ({"weight": 1}, True),
        ({"weight": 0}, False),
        ({"weight": 0.0}, False),
        ({"weight": None}, True),
        ({"train": True}, True),
        ({"train": False}, False),
        ({"weight": 0, "train": False}, False),
    ],
)
def test_a_turn_of_the_assistant_with_weight_0_is_context(
    flags: dict[str, Any], is_learnt: bool
) -> None:
    message = {"role": "assistant", "content": "a"} | flags
    assert turn_of(message, place()).is_learnt is is_learnt
    assert bool(said(message)) is not is_learnt


def test_turns_that_are_not_learnt_are_counted_by_their_flag() -> None:
    assert said({"role": "assistant", "content": "a", "train": False}) == [
        "left_out: a.jsonl: turns of the assistant are context and not learnt (train false): 1 "
        "time, first in row 4."
    ]
    # Other roles are never learnt: nothing is left out that a flag asks to leave out.
    assert said({"role": "user", "content": "a", "weight": 0, "train": False}) == []
    assert said({"role": "user", "content": "a", "train": True}) == [
        "left_out: a.jsonl: keys of turns are not read (train of user): 1 time, first in row 4."
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"weight": 0.5}, "weight is 0.5; it must be 0 or 1"),
        ({"weight": 2}, "weight is 2; it must be 0 or 1"),
        ({"weight": "0"}, "weight is '0'; it must be 0 or 1"),
        ({"weight": True}, "weight is True; it must be 0 or 1"),
        ({"weight": [0]}, r"weight is \[0\]; it must be 0 or 1"),
        ({"train": 1}, "train is 1; it must be true or false"),
        ({"train": "no"}, "train is 'no'; it must be true or false"),
        ({"train": True, "weight": 0}, "weight and train contradict each other"),
    ],
)
def test_other_weights_are_refused(flags: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=rf"a\.jsonl, row 4, turn 1: {words}"):
        turn_of({"role": "assistant", "content": "a"} | flags, place())
