"""Tool values: what a row holds as tools or as calls of tools in; checked JSON values out.

    {"type": "function", "function": {…}} | {"name": …, …} | JSON text ──> tools, tool calls

A template writes tools and arguments as they are, so their keys stay in their order. Libraries that
give all rows one type, such as polars and `datasets`, write null for the keys that only other rows
have, in Parquet and in JSON Lines. In Parquet each null is taken for one of these. In JSON, where a
null can be an argument, it is only in a row with a parameter of a tool whose schema is null.
"""

import json
from collections.abc import Mapping
from typing import Any

from stillroom.data.chat.row_origin import RowOrigin
from stillroom.data.tables.json_rows import parsed_json

_DEEPEST = 64  # what keys, templates and reports of a conversation can surely take
_FILLED = "null in a tool or in arguments means that only other rows have the key, and is left out"


def tools_of(value: object, origin: RowOrigin) -> tuple[Mapping[str, Any], ...]:
    """Return tools as {"type": "function", "function": {…}} each.

    Args:
        value: one schema or a list of schemas, or their JSON text; None or nothing means no tools.
        origin: where it stands.

    Raises:
        DataError: it is no list of schemas of functions.
    """
    return tuple(_tool(one, origin) for one in _listed(value, "tools", origin))


def tool_calls_of(value: object, origin: RowOrigin) -> tuple[Mapping[str, Any], ...]:
    """Return calls as {"name": …, "arguments": {…}} each, with their "id" where one is recorded.

    Args:
        value: one call or a list of calls, or their JSON text; None or nothing means no calls.
        origin: where it stands.

    Raises:
        DataError: a call has no name, or its arguments are no object.
    """
    return tuple(_call(one, origin) for one in _listed(value, "tool_calls", origin))


def has_null_schema(tools: object) -> bool:
    """Tell whether a parameter of a tool has null for a schema, which no person writes."""
    if isinstance(tools, dict):
        properties = tools.get("properties")
        is_null = isinstance(properties, dict) and None in properties.values()
        return is_null or any(map(has_null_schema, tools.values()))
    return isinstance(tools, list) and any(map(has_null_schema, tools))


def json_of(text: str, name: str, origin: RowOrigin) -> object:
    """Return the value of a JSON text; an error names `name`."""
    try:
        return parsed_json(text)
    except (ValueError, RecursionError):
        raise origin.error(
            f"{name} is text, but no JSON: {text[:40]!a}. Write it as JSON."
        ) from None


def _listed(value: object, name: str, origin: RowOrigin) -> list[object]:
    if isinstance(value, str) and value.strip():
        origin.say("converted", f"{name} in JSON text are parsed")
        value = json_of(value, name, origin)
    if isinstance(value, dict):
        return [value]
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    if not isinstance(value, list):
        raise origin.error(f"{name} are {ascii(value)[:40]}, not a list. Write a list of objects.")
    return value


def _tool(value: object, origin: RowOrigin) -> Mapping[str, Any]:
    if isinstance(value, str):
        value = json_of(value, "a tool", origin)
    tool = _object(value, "a tool", origin)
    if tool.get("type") not in (None, "function"):
        raise origin.error(f"a tool has the type {ascii(tool['type'])[:40]}. Allowed: function.")
    bare = {key: one for key, one in tool.items() if key not in ("type", "function")}
    function = bare if tool.get("function") is None else tool["function"]
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise origin.error(
            "a tool has no name. Write the JSON schema of a function: "
            '{"type": "function", "function": {"name": …, "parameters": {…}}}.'
        )
    if function is bare:
        origin.say("converted", 'tools without the key "function" are read as functions')
        return {"type": "function", "function": bare}
    return {**tool, "type": "function"}


def _call(value: object, origin: RowOrigin) -> Mapping[str, Any]:
    if isinstance(value, str):
        value = json_of(value, "a tool call", origin)
    call = _object(value, "a tool call", origin)
    if call.get("type") not in (None, "function"):
        raise origin.error(
            f"a tool call has the type {ascii(call['type'])[:40]}. Allowed: function."
        )
    function = call if call.get("function") is None else call["function"]
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str) or not name:
        raise origin.error("a tool call has no name. Write its name and its arguments.")
    known = {"name": name, "arguments": _arguments(function.get("arguments"), name, origin)}
    if (recorded := call.get("id")) is None:
        return known
    if not isinstance(recorded, str):
        raise origin.error(f"the id of a tool call is {ascii(recorded)[:40]}, not text.")
    return {**known, "id": recorded}


def _arguments(value: object, name: str, origin: RowOrigin) -> Mapping[str, Any]:
    if isinstance(value, str):
        origin.say("converted", "arguments of tool calls in JSON text are parsed")
        # The APIs write no text for a call without arguments.
        value = json_of(value, f"arguments of {ascii(name)[:40]}", origin) if value.strip() else {}
    return _object({} if value is None else value, f"arguments of {ascii(name)[:40]}", origin)


def _object(value: object, name: str, origin: RowOrigin) -> dict[str, Any]:
    """Return an object that JSON can hold, without the nulls that a format adds."""
    if not isinstance(value, dict):
        raise origin.error(f"{name} is {ascii(value)[:40]}, not an object. Write a JSON object.")
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):  # UnicodeError is a ValueError
        raise origin.error(
            f"{name} holds what JSON in UTF-8 cannot, such as NaN, a date or half a character. "
            "Correct it."
        ) from None
    if _depth(value) > _DEEPEST:
        raise origin.error(f"{name} is nested more than {_DEEPEST} levels deep. Correct it.")
    return _unfilled(value, origin) if origin.fills_nulls else value


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


def _unfilled(value: dict[str, Any], origin: RowOrigin) -> dict[str, Any]:
    plain = _without_nulls(value)
    if plain != value:
        origin.say("left_out", _FILLED)
    return plain


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(one) for key, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
