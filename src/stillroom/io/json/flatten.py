"""Leaves: a nested document in, each value under its keys joined by dots out."""

from collections.abc import Iterator, Mapping


def leaves(node: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield (key, value) in the document's order; an empty mapping is a value.

    Args:
        node: mappings within mappings; what is no mapping is a value.
        prefix: of every key.
    """
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from leaves(value, f"{prefix}{key}.")
    else:
        yield prefix.removesuffix("."), node


def first_difference(before: object, now: object) -> tuple[str, object, object] | None:
    """Return the first key, by name, whose values differ, and both; None where none does.

    What only one of the two has is None in the other. A tuple is equal to its own list.
    """
    was, has = (dict(leaves(node)) for node in (before, now))
    for key in sorted(was.keys() | has.keys()):
        values = _listed(was.get(key)), _listed(has.get(key))
        if values[0] != values[1]:
            return key, *values
    return None


def _listed(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
