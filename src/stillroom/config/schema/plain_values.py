"""Sections of the parameters as plain values, with the keys that only their kinds declare."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

# Sections on what is written of a student after its training: no property of the student.
AFTERWARDS = ("report", "export")
TEACHERS_LIST = "teachers"


def plain(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sections as plain values again, for a page or a card to print.

    `report` and `export` are left out: the lineage of a student has a hash of these values, and
    does not depend on what is written of it afterwards. An empty list of teachers says nothing.
    """
    return {
        name: plain_values(section)
        for name, section in parameters.items()
        if name not in AFTERWARDS and (name != TEACHERS_LIST or section)
    }


def plain_values(value: Any) -> Any:
    """Return a section, or what contains sections, as plain values.

    `dataclasses.asdict` and pydantic leave out the keys of a section that its class does not have:
    the options of its kind.
    """
    if is_dataclass(value):
        names = [field.name for field in fields(value)]
        more = {k: v for k, v in getattr(value, "__dict__", {}).items() if k not in names}
        values = {name: getattr(value, name) for name in names} | more
        return {name: plain_values(one) for name, one in values.items()}
    if isinstance(value, Mapping):
        return {key: plain_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(plain_values(one) for one in value)
    return value
