"""Types of parameters: every number of every section has bounds on both sides."""

from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import TypeAdapter, ValidationError

from stillroom.config.schema import SECTIONS
from stillroom.config.schema.field_types import Batch, Count, Epochs, Positive, Seed, Weight
from stillroom.registry import registry_of


def unbounded(kind: Any, name: str) -> list[str]:
    """Return the names of the numbers that have no upper bound, at any depth of a type."""
    if kind in (int, float):
        return [name]
    if is_dataclass(kind):
        return [
            one for field in fields(kind) for one in unbounded(field.type, f"{name}.{field.name}")
        ]
    if get_origin(kind) is Annotated:
        inner, *notes = get_args(kind)
        if inner in (int, float):
            metadata = [item for note in notes for item in getattr(note, "metadata", [])]
            return (
                []
                if any(hasattr(item, "le") or hasattr(item, "lt") for item in metadata)
                else [name]
            )
        return unbounded(inner, name)
    return [one for inner in get_args(kind) for one in unbounded(inner, name)]


@pytest.mark.parametrize("section", sorted(SECTIONS))
def test_every_number_of_a_section_has_an_upper_bound(section: str) -> None:
    assert unbounded(SECTIONS[section], section) == []


@pytest.mark.parametrize("group", ["sources", "exports", "architectures"])
def test_so_has_every_number_among_the_options_of_a_kind(group: str) -> None:
    registry = registry_of(group)
    for name in registry.builtin:
        assert unbounded(registry.load(name), name) == []


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Epochs, 10**20),
        (Epochs, 0),
        (Batch, 2**63),
        (Count, 10**10),
        (Seed, 2**31),
        (Seed, -1),
        (Positive, 1e300),
        (Positive, 0.0),
        (Weight, 1e20),
    ],
)
def test_a_number_beyond_its_bounds_is_refused(kind: Any, value: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(value, strict=True)


def test_the_largest_useful_numbers_are_allowed() -> None:
    for kind, value in ((Epochs, 100_000), (Batch, 65_536), (Count, 500_000_000), (Positive, 1e6)):
        assert TypeAdapter(kind).validate_python(value, strict=True) == value
