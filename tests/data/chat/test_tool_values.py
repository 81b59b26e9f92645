"""Tool values: schemas and calls, in every form in which files hold them."""

import json
from typing import Any

import pytest

from stillroom.data.chat.row_origin import RowNotices, RowOrigin
from stillroom.data.chat.tool_values import tool_calls_of, tools_of
from stillroom.errors import DataError

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "weather", "description": "The weather.", "parameters": SCHEMA}
TOOL = {"type": "function", "function": FUNCTION}
CALL = {"name": "weather", "arguments": {"city": "Zürich", "days": 2, "exact": None}}


def place(**changes: Any) -> RowOrigin:
    return RowOrigin("a.jsonl", 1, RowNotices("a.jsonl"), turn=2, **changes)


def said(origin: RowOrigin) -> list[str]:
    return [f"{notice.kind}: {notice.text}" for notice in origin.notices.notices()]


@pytest.mark.parametrize("value", [None, "", "  ", [], "[]", "null"])
def test_no_tools(value: object) -> None:
    assert tools_of(value, place()) == ()
    assert tool_calls_of(value, place()) == ()


@pytest.mark.parametrize(
    "value",
    [
        [TOOL],
        TOOL,
        json.dumps([TOOL]),
        json.dumps(TOOL),
        [json.dumps(TOOL)],
        [FUNCTION],
        [{"type": "function", **FUNCTION}],
        [{"function": FUNCTION}],
    ],
    ids=[
        "list",
        "one",
        "text",
        "text of one",
        "list of texts",
        "a bare function",
        "with its type",
        "without a type",
    ],
)
def test_tools_are_read_in_each_form(value: object) -> None:
    assert tools_of(value, place()) == (TOOL,)


def test_what_is_converted_is_said() -> None:
    origin = place()
    tools_of(json.dumps([FUNCTION, TOOL]), origin)
    tool_calls_of([{"name": "f", "arguments": "{}"}], origin)
    assert said(origin) == [
        "converted: a.jsonl: tools in JSON text are parsed: 1 time, first in row 1.",
        'converted: a.jsonl: tools without the key "function" are read as functions: 1 time, '
        "first in row 1.",
        "converted: a.jsonl: arguments of tool calls in JSON text are parsed: 1 time, first in "
        "row 1.",
    ]


@pytest.mark.parametrize(
    "value",
    [
        [CALL],
        [{"type": "function", "function": CALL}],
        [{"type": None, "function": CALL, "id": None}],
        [{**CALL, "type": None, "function": None}],
        [{"function": {**CALL, "arguments": json.dumps(CALL["arguments"])}}],
        CALL,
        json.dumps(CALL),
        json.dumps([CALL]),
        [json.dumps(CALL)],
    ],
)
def test_calls_are_read_in_each_form(value: object) -> None:
    assert tool_calls_of(value, place()) == (CALL,)


def test_the_id_of_a_call_stays() -> None:
    calls = tool_calls_of([{"id": "c1", "type": "function", "function": CALL}], place())
    assert calls == ({**CALL, "id": "c1"},)


@pytest.mark.parametrize("arguments", ["", " ", None, "{}", {}])
def test_a_call_without_arguments_has_none(arguments: object) -> None:
    assert tool_calls_of([{"name": "now", "arguments": arguments}], place()) == (
        {"name": "now", "arguments": {}},
    )
    assert tool_calls_of([{"name": "now"}], place()) == ({"name": "now", "arguments": {}},)


def test_keys_keep_their_order() -> None:
    (call,) = tool_calls_of([{"name": "f", "arguments": '{"z": 1, "a": 2}'}], place())
    assert list(call["arguments"]) == ["z", "a"]


def test_nulls_that_a_format_adds_are_left_out() -> None:
    filled = {"name": "weather", "arguments": {"city": "Rome", "days": None, "at": [{"x": None}]}}
    origin = place(fills_nulls=True)
    assert tool_calls_of([filled], origin)[0]["arguments"] == {"city": "Rome", "at": [{}]}
    assert said(origin) == [
        "left_out: a.jsonl: null in a tool or in arguments means that only other rows have the "
        "key, and is left out: 1 time, first in row 1."
    ]
    assert tool_calls_of([filled], place())[0]["arguments"] == filled["arguments"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (3, "tools are 3, not a list"),
        ([3], "a tool is 3, not an object"),
        ("[", r"tools is text, but no JSON: '\['"),
        ("[" * 10**5, "no JSON"),
        ('[{"name": "f", "name": "g"}]', "no JSON"),
        ([{"function": {}}], "a tool has no name"),
        ([{"function": "f"}], "a tool has no name"),
        ([{"type": "code", "function": {"name": "f"}}], "type 'code'"),
        ([{"name": "f", "parameters": {"x": float("nan")}}], "such as NaN"),
        ([{"name": "f", "parameters": {"x": "\ud800"}}], "half a character"),
        ([{"name": "f", "parameters": {"x": b"1"}}], "JSON in UTF-8 cannot"),
    ],
)
def test_a_broken_tool_is_named(value: object, words: str) -> None:
    with pytest.raises(DataError, match=words) as refused:
        tools_of(value, place())
    assert str(refused.value).startswith("a.jsonl, row 1, turn 2: ")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("{", r"tool_calls is text, but no JSON: '\{'"),
        ([None], "a tool call is None, not an object"),
        ([{"arguments": {}}], "a tool call has no name"),
        ([{"function": {"name": ""}}], "a tool call has no name"),
        ([{"type": "custom", "name": "f"}], "type 'custom'"),
        ([{"name": "f", "arguments": "[1]"}], r"arguments of 'f' is \[1\], not an object"),
        ([{"name": "f", "arguments": "a=1"}], "arguments of 'f' is text, but no JSON: 'a=1'"),
        ([{"name": "f", "arguments": 3}], "arguments of 'f' is 3, not an object"),
        ([{"name": "f", "id": 3}], "the id of a tool call is 3, not text"),
    ],
)
def test_a_broken_call_is_named(value: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        tool_calls_of(value, place())
