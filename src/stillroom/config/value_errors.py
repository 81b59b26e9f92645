"""Pydantic's first error about a section of the parameters, in words for the user.

    ValidationError ──kind of error──> "student.lr is -1; it must be greater than 0. Set it …"

`RULES` has the kinds that the types of the parameters can cause. Any other kind keeps pydantic's
own words.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args

from pydantic import ValidationError

from stillroom.config.schema.field_types import NOT_BLANK, OWNER_NAME
from stillroom.errors import nearest

INTEGER, NUMBER, BOOL = "a whole number", "a number", "true or false"
KEYS = "a section with keys and values"

# What each kind of error requires of the value; the words in braces are pydantic's context.
RULES = {
    "int_type": INTEGER,
    "int_from_float": INTEGER,
    "int_parsing": INTEGER,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": "a finite number",
    "bool_type": BOOL,
    "bool_parsing": BOOL,
    "string_type": "a text",
    "string_too_long": "a text of at most {max_length} characters",
    "string_pattern_mismatch": "{pattern}",
    "list_type": "a list, as in [a, b]",
    "too_short": "a list of at least {min_length} values",
    "dict_type": KEYS,
    "dataclass_type": KEYS,
    "greater_than": "greater than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
}
MISSING = ("missing", "missing_argument", "missing_keyword_only_argument")
UNKNOWN = ("unexpected_keyword_argument", "extra_forbidden")
# The patterns of the schema in words.
PATTERNS = {NOT_BLANK: "a text that is not blank", OWNER_NAME: "owner/name, as on the Hub"}
LONGEST = 60  # characters of a given value that an error repeats
SET_IT = "Set it in params.yaml or with --params."


def first_error(name: str, section: type, error: ValidationError) -> str:
    """Return what is wrong with a section: the value that was given, and what is allowed.

    Args:
        name: the name of the section.
        section: the dataclass of the section.
        error: the error that pydantic raised for it.
    """
    first = error.errors(include_url=False)[0]
    kind, context = first["type"], first.get("ctx", {})
    path = _path(first["loc"])
    key, given = ".".join((name, *path)), _given(first["input"])
    if kind in MISSING:
        return f"{key} is missing. {SET_IT}"
    if kind in UNKNOWN:
        keys = [".".join((name, *path[:-1], other)) for other in _keys(section, path[:-1])]
        return unknown_key(key, keys)
    if kind == "literal_error":
        return (
            f"{key} is {given}; {_choices(str(first['input']), str(context['expected']))} {SET_IT}"
        )
    rule = RULES[kind].format(**_plain(context)) if kind in RULES else None
    if rule is None:
        return f"{key} is {given}: {first['msg'].lower()}. {SET_IT}"
    if isinstance(first["input"], str) and rule in (INTEGER, NUMBER, BOOL):
        rule += ", not a text"
    null = ", or null" if type(None) in get_args(_type_of(section, path)) else ""
    return f"{key} is {given}; it must be {rule}{null}. {SET_IT}"


def unknown_key(key: str, keys: list[str]) -> str:
    """Return the error about a key that no parameter has.

    Args:
        key: the key that was given, with its section.
        keys: those that exist.
    """
    return f"{key} is not a parameter.{nearest(key, keys)} See `kedro params`."


def _given(value: object) -> str:
    """Return the value as the user wrote it, cut where it is long."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _choices(given: str, expected: str) -> str:
    """Return the allowed values, and the one that is nearest to the given value.

    Args:
        given: the value.
        expected: pydantic's list of choices, as in "'a', 'b' or 'c'".
    """
    choices = re.findall(r"'([^']*)'", expected)
    return f"it must be one of: {', '.join(choices)}.{nearest(given, choices)}"


def _plain(context: Mapping[str, Any]) -> dict[str, Any]:
    """Return pydantic's context in words: whole bounds without a decimal point, patterns named."""
    words = {
        key: f"{value:g}" if isinstance(value, float) else value for key, value in context.items()
    }
    if "pattern" in words:
        words["pattern"] = PATTERNS.get(words["pattern"], f"a text that matches {words['pattern']}")
    return words


def _path(location: tuple[int | str, ...]) -> list[str]:
    # Pydantic also names the branch of a union, as in ('k', 'constrained-int').
    return [str(part) for part in location if "-" not in str(part) and "[" not in str(part)]


def _keys(section: type, path: list[str]) -> list[str]:
    """Return the names of the keys below a path of a section."""
    kind = _section_in(_type_of(section, path))
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []


def _type_of(section: type, path: list[str]) -> Any:
    """Return the type of the parameter at a path of a section; None below a list or mapping."""
    kind: Any = section
    for part in path:
        outer = _section_in(kind)
        kinds = {field.name: field.type for field in fields(outer)} if is_dataclass(outer) else {}
        kind = kinds.get(part)
    return kind


def _section_in(kind: Any) -> Any:
    """Return the dataclass of a section that may be null; any other type as it is."""
    return next((one for one in get_args(kind) if is_dataclass(one)), kind)
