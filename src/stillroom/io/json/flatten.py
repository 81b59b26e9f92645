"""Flatten nested documents: each value with its keys joined by dots."""

from collections.abc import Iterator, Mapping
from typing import Any


def value_at(nested: Mapping[str, Any], key: str) -> Any:
    """Return the value at a dotted key, such as `teacher.mode`."""
    value: Any = nested
    for part in key.split("."):
        value = value[part]
    return value


def leaves(node: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield (key, value) in the document's order; an empty mapping is a value.

    Args:
        node: nested mappings; everything else is a value.
        prefix: the start of every key.
    """
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from leaves(value, f"{prefix}{key}.")
    else:
        yield prefix.removesuffix("."), node


def first_difference(before: object, now: object) -> tuple[str, object, object] | None:
    """Return the first key by name whose values differ, and both values; None if all are equal.

    A missing key counts as None. A tuple is equal to a list with the same items.
    """
    old, new = (dict(leaves(node)) for node in (before, now))
    for key in sorted(old.keys() | new.keys()):
        values = _as_list(old.get(key)), _as_list(new.get(key))
        if values[0] != values[1]:
            return key, *values
    return None


def _as_list(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
