"""Train: student and control share everything but what they learn from."""

import json
from pathlib import Path

import pytest
from small_project import OBJECTIVE, TRAINER, small, soft_labels, untrained_teachers

from stillroom.config.compose import compose
from stillroom.config.schema import Student
from stillroom.models.directory import weights_hash
from stillroom.pipelines.train.nodes import train_students


def test_student_and_control_are_twins_with_other_teachers(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    made = small(project, unlabelled=30)
    labels = soft_labels(made, untrained_teachers(made, project / "t"), project / "s")
    runtime = {"groups": {"student": "tiny"}, "student": {"epochs": 2}}
    student = Student(**compose(project, runtime)["student"])
    folder, curves = train_students(
        made.examples, made.encoder, labels, student, OBJECTIVE, TRAINER
    )
    configs = [json.loads((folder / n / "config.json").read_text()) for n in ("student", "control")]
    assert configs[0] == configs[1]
    assert weights_hash(folder / "student") != weights_hash(folder / "control")
    assert [(r["model"], r["epoch"]) for r in curves] == [
        ("control", 1), ("control", 2), ("student", 1), ("student", 2),
    ]  # fmt: skip
