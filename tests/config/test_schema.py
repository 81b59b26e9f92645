"""The types: frozen, closed, and plain again for printing."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from pydantic import ValidationError

from stillroom.config.compose import compose
from stillroom.config.schema import SECTIONS, Optimisation, Student, plain


def test_every_section_becomes_its_type_and_plain_values_again(project: Path) -> None:
    composed = compose(project)
    typed = {name: SECTIONS[name](**values) for name, values in composed.items()}
    assert plain(typed) == composed
    assert plain(composed) == composed


def test_a_section_cannot_be_changed_or_extended(project: Path) -> None:
    student = Student(**compose(project)["student"])
    with pytest.raises(FrozenInstanceError):
        student.epochs = 4  # type: ignore[misc]
    with pytest.raises(ValidationError, match="unexpected"):
        Student(**compose(project)["student"], extra=1)


def test_a_students_optimisation_stands_alone(project: Path) -> None:
    values = compose(project)["student"]
    alone = Student(**values).alone()
    assert type(alone) is Optimisation
    assert (alone.epochs, alone.lr, alone.warmup) == (
        values["epochs"],
        values["lr"],
        values["warmup"],
    )
