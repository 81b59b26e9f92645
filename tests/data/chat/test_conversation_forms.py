"""Conversation forms: rows of all forms, and which of them a row has."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.data.chat.conversation import Conversation, Turn, messages_of
from stillroom.data.chat.conversation_forms import (
    PairColumns,
    columns_of,
    conversation_of,
    forms_of,
)
from stillroom.data.chat.conversation_key import conversation_key, prompt_words
from stillroom.data.chat.row_origin import RowNotices, RowOrigin
from stillroom.errors import ConfigError, DataError

FORMS = forms_of(None)


def place() -> RowOrigin:
    return RowOrigin("a.jsonl", 2, RowNotices("a.jsonl"))


def read(row: dict[str, Any], pair: PairColumns | None = None) -> Conversation:
    return conversation_of(row, forms_of(pair), place())


def said(row: dict[str, Any]) -> list[str]:
    origin = place()
    conversation_of(row, FORMS, origin)
    return [f"{notice.kind}: {notice.text}" for notice in origin.notices.notices()]


SYSTEM = Turn(role="system", content="Be brief.")
ASKED, ANSWERED = Turn(role="user", content="1+1?"), Turn(role="assistant", content="2")
MESSAGES = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]
SHARED = [{"from": "human", "value": "1+1?"}, {"from": "gpt", "value": "2"}]


@pytest.mark.parametrize(
    "row",
    [
        {"messages": MESSAGES},
        {"conversations": SHARED},
        {"conversations": MESSAGES},
        {"messages": SHARED, "id": 3},
        {"conversation": MESSAGES, "language": "en"},
        {"messages": json.dumps(MESSAGES)},
        {"messages": {"role": ["user", "assistant"], "content": ["1+1?", "2"]}},
        {"messages": None, "conversations": SHARED, "prompt": None},
        {"messages": MESSAGES, "prompt": "1+1?", "prompt_id": "x"},
        {"prompt": "1+1?", "completion": "2"},
        {"prompt": MESSAGES[:1], "completion": MESSAGES[1:]},
        {"prompt": MESSAGES[:1], "completion": "2"},
        {"prompt": "1+1?", "completion": MESSAGES[1:]},
        {"instruction": "1+1?", "output": "2"},
        {"instruction": "1+1?", "input": "", "output": "2", "history": [], "system": None},
        {"instruction": "1+1?", "input": None, "output": "2", "text": "Below is …"},
    ],
)
def test_each_form_gives_the_same_turns(row: dict[str, Any]) -> None:
    conversation = read(row)
    assert conversation == Conversation(turns=(ASKED, ANSWERED), part="a.jsonl", row=2)


@pytest.mark.parametrize(
    "row",
    [{"messages": MESSAGES}, {"conversations": SHARED}, {"instruction": "1+1?", "output": "2"}],
)
def test_a_column_of_system_prompts_comes_first(row: dict[str, Any]) -> None:
    assert read({**row, "system": "Be brief."}).turns == (SYSTEM, ASKED, ANSWERED)


def test_the_input_of_alpaca_stands_below_the_instruction() -> None:
    row = {"instruction": "Add.", "input": "1, 1", "output": "2"}
    assert read(row).turns == (Turn(role="user", content="Add.\n1, 1"), ANSWERED)


def test_the_history_of_alpaca_comes_before() -> None:
    row = {"instruction": "1+1?", "output": "2", "history": [["a", "b"], ["c", "d"]]}
    texts = [(turn.role, turn.content) for turn in read(row).turns]
    expected = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    assert texts == [*expected, ("user", "1+1?"), ("assistant", "2")]


def test_tools_are_read_beside_each_form() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    for row in ({"messages": MESSAGES}, {"prompt": "1+1?", "completion": "2"}):
        assert read({**row, "tools": json.dumps([tool])}).tools == (tool,)
        assert read({**row, "tools": [tool]}).tools == (tool,)


@pytest.mark.parametrize(
    ("unit", "arguments"),
    [(None, {"city": "Rome"}), ({"type": "string"}, {"city": "Rome", "unit": None})],
    ids=["a null schema", "a schema"],
)
def test_null_is_an_argument_unless_the_row_was_filled_with_nulls(
    unit: object, arguments: object
) -> None:
    call = {"name": "f", "arguments": {"city": "Rome", "unit": None}}
    properties = {"city": {"type": "string"}, "unit": unit}
    tool = {"name": "f", "parameters": {"properties": properties, "default": None}}
    row = {"messages": [{"role": "assistant", "tool_calls": [call]}], "tools": [tool]}
    assert read(row).turns[0].tool_calls == ({"name": "f", "arguments": arguments},)
    kept = read(row).tools[0]["function"]["parameters"]
    assert ("default" in kept, "unit" in kept["properties"]) == (unit is not None,) * 2


def test_configured_columns_are_the_only_form() -> None:
    pair = PairColumns("question", "response")
    row = {"question": "1+1?", "response": "2", "messages": [{"role": "user", "content": "x"}]}
    assert read(row, pair).turns == (ASKED, ANSWERED)
    assert columns_of(forms_of(pair)) == ("question", "response", "system", "tools")
    with pytest.raises(DataError, match="Allowed: question and response"):
        read({"messages": MESSAGES}, pair)


@pytest.mark.parametrize("names", [("question", "answer"), ("prompt", "response")])
def test_other_pairs_are_read_only_if_configured(names: tuple[str, str]) -> None:
    row = dict(zip(names, ("1+1?", "2"), strict=True))
    with pytest.raises(DataError, match=r"its columns .* hold no conversation") as refused:
        read(row)
    assert "name those of prompt and answer in data.columns" in str(refused.value)
    assert read(row, PairColumns(*names)).turns == (ASKED, ANSWERED)


@pytest.mark.parametrize("names", [("a", "a"), ("system", "a"), ("a", "tools")])
def test_two_meanings_of_one_column_are_refused(names: tuple[str, str]) -> None:
    with pytest.raises(ConfigError, match="Name two different columns"):
        PairColumns(*names)


def test_the_form_and_what_is_left_out_are_said() -> None:
    assert said({"messages": MESSAGES}) == [
        "guessed: a.jsonl: conversations are read from the column messages: 1 time, first in row 2."
    ]
    assert said({"messages": MESSAGES, "prompt": "a", "completion": "b"})[1:] == [
        "left_out: a.jsonl: beside messages, other columns with conversations are not read (prompt "
        "and completion): 1 time, first in row 2."
    ]
    assert said({"prompt": MESSAGES, "completion": "b"}) == [
        "guessed: a.jsonl: conversations are read from the columns prompt (user, if it is text) "
        "and completion (assistant): 1 time, first in row 2.",
        "guessed: a.jsonl: assistant turns in prompt are turns like those in completion: 1 time, "
        "first in row 2.",
    ]
    assert said({"instruction": "a", "output": "b"}) == [
        "guessed: a.jsonl: conversations are read from the columns instruction, input (below it, "
        "after a line break) and output: 1 time, first in row 2."
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "its columns (none) hold no conversation. Allowed: messages; conversations;"),
        ({"text": "a"}, "its columns (text) hold no conversation"),
        ({"instruction": "a"}, "its columns (instruction) hold no conversation"),
        ({"messages": None}, "messages has no value (null)"),
        ({"prompt": "a", "completion": None}, "completion has no value (null)"),
        ({"prompt": None, "completion": None}, "prompt and completion have no value (null)"),
        ({"instruction": "a", "output": None}, "output has no value (null)"),
        ({"messages": []}, "messages is an empty list"),
        ({"messages": 3}, "messages is 3, not a list of turns"),
        ({"messages": "hello"}, "messages is text, but no JSON: 'hello'"),
        ({"messages": {"role": "user"}}, "messages is {'role': 'user'}, not a list of turns"),
        ({"messages": {"role": ["user"], "content": []}}, "lists in messages differ in length"),
        ({"messages": MESSAGES[:1]}, "none of its 1 turns is the assistant's"),
        ({"messages": MESSAGES[:1], "system": "a"}, "none of its 2 turns is the assistant's"),
        ({"prompt": "a", "completion": MESSAGES[:1]}, "none of its 2 turns is the assistant's"),
        ({"messages": [*MESSAGES, {"role": "x", "content": ""}]}, "turn 2: the role is 'x'"),
        ({"messages": [*MESSAGES, None]}, "turn 2: it is None, not a message"),
        ({"prompt": MESSAGES, "completion": [{"role": "user"}]}, "turn 2: the user has no content"),
        ({"prompt": "a", "completion": ""}, "turn 1: the assistant says nothing"),
        ({"prompt": 3, "completion": "b"}, "prompt is 3, not text"),
        ({"prompt": "a", "completion": 3}, "completion is 3, not text"),
        ({"instruction": "a", "output": ""}, "turn 1: the assistant says nothing"),
        ({"instruction": ["a"], "output": "b"}, "instruction is ['a'], not text"),
        ({"instruction": "a", "input": 3, "output": "b"}, "input is 3, not text"),
        (
            {"instruction": "a", "output": "b", "history": [["a"]]},
            "history is no list of",
        ),
        ({"instruction": "a", "output": "b", "history": [["a", ""]]}, "turn 1: the assistant"),
        ({"messages": MESSAGES, "tools": 3}, "tools are 3, not a list"),
        ({"messages": MESSAGES, "system": 3}, "system is 3, not text"),
        (
            {"messages": [{"role": "system", "content": "a"}, *MESSAGES], "system": "b"},
            "column system and turn 0 are two system prompts",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_named(row: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError) as refused:
        read(row)
    assert words in str(refused.value)
    assert str(refused.value).startswith("a.jsonl, row 2")
    assert "\n" not in str(refused.value)


def nested(depth: int) -> Any:
    return json.loads('{"a": [' * (depth // 2) + "]}" * (depth // 2))


@pytest.mark.parametrize("depth", [70, 800])
@pytest.mark.parametrize("place", ["role", "content", "arguments", "tools", "system", "messages"])
def test_a_deeply_nested_value_is_refused(depth: int, place: str) -> None:
    row: dict[str, Any] = {"messages": [{"role": "assistant", "content": "a"}]}
    match place:
        case "role" | "content":
            row["messages"][0][place] = nested(depth)
        case "arguments":
            row["messages"][0]["tool_calls"] = [{"name": "f", "arguments": nested(depth)}]
        case "tools":
            row["tools"] = [{"name": "f", "parameters": nested(depth)}]
        case _:
            row[place] = nested(depth)
    with pytest.raises(DataError) as refused:
        read(row)
    assert str(refused.value).startswith("a.jsonl, row 2")
    assert len(str(refused.value)) < 300


WORDS = st.sampled_from(
    ["user", "assistant", "tool", "gpt", "function_call", "function", "text", "{}", '{"name":"f"}']
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS
MESSAGE_KEYS = ("role", "from", "content", "value", "tool_calls", "function_call", "weight")
PART_KEYS = ("type", "text", "name", "arguments", "function", "id", "properties", "thinking")
NAMES = st.sampled_from((*MESSAGE_KEYS, *PART_KEYS, "reasoning", "tool_call_id"))
VALUES = st.recursive(
    PLAIN, lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=4)
)
TURN = st.fixed_dictionaries({"role": WORDS}, optional={"content": st.text() | VALUES})
CALLS = st.dictionaries(st.sampled_from(["tool_calls", "function_call", "value"]), VALUES)
MESSAGE = st.builds(lambda *parts: {**parts[0], **parts[1]}, TURN, CALLS) | VALUES
ANY_MESSAGES = st.lists(MESSAGE, min_size=1, max_size=3)
TURN_COLUMNS = ("messages", "conversations", "prompt", "completion")
OTHER_COLUMNS = ("instruction", "input", "output", "history", "system", "tools")
COLUMNS = st.sampled_from((*TURN_COLUMNS, *OTHER_COLUMNS))


@settings(max_examples=200, deadline=None)
@given(row=st.dictionaries(COLUMNS, ANY_MESSAGES | VALUES, max_size=4), fills=st.booleans())
def test_any_row_is_read_or_named(row: dict[str, Any], fills: bool) -> None:
    origin = RowOrigin("a.jsonl", 5, RowNotices("a.jsonl"), fills_nulls=fills)
    try:
        read = conversation_of(row, forms_of(None), origin)
    except DataError as error:
        assert str(error).startswith("a.jsonl, row 5")
        return
    assert isinstance(read, Conversation)
    assert any(turn.role == "assistant" for turn in read.turns)
    assert len(conversation_key(read)) == 16
    assert len(messages_of(read.turns, "keep")) == len(read.turns)
    assert all(isinstance(word, str) for word in prompt_words(read))
    list(origin.notices.notices())
