"""Local teachers: what is opened is what was referred to, for the classes at hand."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from small_project import CLASSES, Small, small, untrained_teachers

from stillroom.errors import ModelError
from stillroom.models.directory import save_model
from stillroom.models.table import Shape, build
from stillroom.softlabels.fingerprint import Capture
from stillroom.softlabels.sparsify import TopK
from stillroom.teachers.local import open_teacher
from stillroom.teachers.reference import TeacherRef, refer

TOPK = TopK("all", (1.0,))


@pytest.fixture
def made(tmp_path: Path) -> tuple[Small, TeacherRef]:
    examples = small(tmp_path)
    return examples, refer(untrained_teachers(examples, tmp_path / "teachers", members=1))[0]


def test_answers_are_the_models_logits(made: tuple[Small, TeacherRef]) -> None:
    teacher = open_teacher(made[1], TOPK, 16, CLASSES)
    inputs = teacher.encoder.encode(made[0].examples.read())
    answers = np.concatenate(list(teacher.answer(inputs)))
    assert answers.shape == (110, 3)
    assert answers.dtype == np.float32


def test_every_ingredient_of_the_fingerprint_is_filled(made: tuple[Small, TeacherRef]) -> None:
    capture = open_teacher(made[1], TOPK, 16, CLASSES).capture
    for field in fields(Capture):
        assert getattr(capture, field.name)
    assert capture.weights == made[1].weights
    assert any(library.startswith("torch ") for library in capture.libraries)


def test_a_teacher_that_changed_meanwhile_is_refused(made: tuple[Small, TeacherRef]) -> None:
    model = build("mlp", {"hidden": [32]}, made[0].shape, seed=9)
    save_model(model, made[0].encoder, made[1].path)
    with pytest.raises(ModelError, match="changed while it was in use"):
        open_teacher(made[1], TOPK, 16, CLASSES)


def test_a_teacher_of_other_classes_is_refused_with_both_named(tmp_path: Path) -> None:
    examples = small(tmp_path)
    model = build("mlp", {"hidden": [8]}, Shape((1, 8, 8), ("cat", "dog")), seed=0)
    save_model(model, examples.encoder, tmp_path / "t" / "member_0")
    with pytest.raises(ModelError, match=r"2 classes \(cat, dog.*3 \(across"):
        open_teacher(refer(tmp_path / "t")[0], TOPK, 16, CLASSES)
