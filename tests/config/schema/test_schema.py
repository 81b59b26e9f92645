"""The types of the parameters are frozen, allow no other keys, and become plain values again."""

from dataclasses import FrozenInstanceError, is_dataclass
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from stillroom.config.compose import compose
from stillroom.config.schema import SECTIONS, Optimisation, SoftLabels, Student, Teacher, plain


def test_every_section_becomes_its_type_and_plain_values_again(project: Path) -> None:
    composed = compose(project)
    typed = {
        name: TypeAdapter(SECTIONS[name]).validate_python(values)
        for name, values in composed.items()
    }
    assert is_dataclass(typed["report"])
    for name in ("report", "export"):  # what is written afterwards is no matter of the lineage
        del composed[name]
    assert composed.pop("teachers") == []  # an empty list says nothing
    assert plain(typed) == composed
    assert plain(composed) == composed
    listed = [{"source": "given", "path": "a", "of_its_kind": 3}]
    assert plain({"teachers": listed}) == {"teachers": listed}


def test_a_section_cannot_be_changed_or_extended(project: Path) -> None:
    student = Student(**compose(project)["student"])
    with pytest.raises(FrozenInstanceError):
        student.epochs = 4  # type: ignore[misc]
    with pytest.raises(ValidationError, match="unexpected"):
        Student(**compose(project)["student"], extra=1)


def test_the_optimisation_of_a_student_has_no_fields_of_the_student(project: Path) -> None:
    values = compose(project)["student"]
    alone = Student(**values).as_optimisation()
    assert type(alone) is Optimisation
    assert (alone.epochs, alone.lr, alone.warmup) == (
        values["epochs"],
        values["lr"],
        values["warmup"],
    )


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("licence", "apache-2.0", ""),
        ("licence", None, " "),
        ("licence_acknowledged", "a contract of ours", True),
        ("licence_acknowledged", None, "x" * 501),
        ("hub_id", "google/gemma-3-270m", "gemma"),
        ("hub_id", "me/m.1_2-x", "https://huggingface.co/me/m"),
        ("hub_id", None, "../x/y"),
        ("hub_id", None, "me/x\nlicense: mit"),
    ],
)
def test_a_licence_a_reason_and_a_name_are_not_blank(
    project: Path, name: str, allowed: object, refused: object
) -> None:
    values = compose(project)["teacher"]
    assert getattr(Teacher(**values | {name: allowed}), name) == allowed
    with pytest.raises(ValidationError, match=name):
        Teacher(**values | {name: refused})


@pytest.mark.parametrize(
    ("name", "allowed", "refused"),
    [
        ("sparsifier", "threshold_fixed", 3),
        ("k", 1, 0),
        ("k", 128, "all"),
        ("temperatures", [1.0], []),
        ("temperatures", [0.5, 1.0], [1.0, 0.0]),
        ("entries", 1.0, 0.5),
        ("tau", None, 0.0),
        ("tau", 1e-4, 1e-6),
        ("tau", 0.5, 1.5),
        ("samples", 65535, 65536),
        ("draws", 1, 0),
        ("draws", 65535, 65536),
        ("views", 65534, 65535),
        ("views", 0, -1),
        ("shift", 0, -1),
        ("combine", "capture", "train"),
        ("mean", "logit", "median"),
        ("weights", [0.5, 2.0], [1.0, 0.0]),
        ("weights", None, [-1.0]),
        ("rows_per_shard", 2, 1),
        ("pilot", 1, 0),
    ],
)
def test_values_of_soft_labels_are_in_range(
    project: Path, name: str, allowed: object, refused: object
) -> None:
    values = compose(project)["softlabels"]
    assert getattr(SoftLabels(**values | {name: allowed}), name) == allowed
    with pytest.raises(ValidationError, match=name):
        SoftLabels(**values | {name: refused})
