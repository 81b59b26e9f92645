"""Local teachers: what is opened is what was referred to, for the classes at hand."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch
from small_project import CLASSES, Small, small, untrained_teachers

from stillroom.errors import ModelError
from stillroom.models.directory import load_model, save_model
from stillroom.models.table import Shape, build
from stillroom.softlabels.fingerprint import Capture
from stillroom.softlabels.sparsify.kinds import Full, TopK
from stillroom.teachers.local import How, open_teacher
from stillroom.teachers.reference import TeacherRef, refer

HOW = How(augmentation="shift-2 shift=2 seed=3", seed=5, batch_size=16)


@pytest.fixture
def made(tmp_path: Path) -> tuple[Small, TeacherRef]:
    examples = small(tmp_path)
    return examples, refer(untrained_teachers(examples, tmp_path / "teachers", members=1))[0]


def test_answers_are_the_models_logits(made: tuple[Small, TeacherRef]) -> None:
    teacher = open_teacher(made[1], HOW, CLASSES)
    inputs = teacher.encoder.encode(made[0].examples.read())
    answers = np.concatenate(list(teacher.answer(inputs)))
    assert teacher.classes == 3
    assert answers.shape == (110, 3)
    assert answers.dtype == np.float32
    with torch.no_grad():
        expected = load_model(made[1].path)(inputs=torch.from_numpy(inputs)).logits.numpy()
    np.testing.assert_allclose(answers, expected, rtol=1e-5, atol=1e-6)


def test_a_rows_answer_is_the_same_bits_whatever_stands_beside_it(
    made: tuple[Small, TeacherRef],
) -> None:
    teacher = open_teacher(made[1], HOW, CLASSES)
    inputs = teacher.encoder.encode(made[0].examples.read())
    whole = np.concatenate(list(teacher.answer(inputs)))
    for rows in ([7], [109, 3, 50], list(range(20, 53))):
        assert (np.concatenate(list(teacher.answer(inputs[rows]))) == whole[rows]).all()


def test_every_ingredient_of_the_fingerprint_is_filled(made: tuple[Small, TeacherRef]) -> None:
    capture = open_teacher(made[1], HOW, CLASSES).keeping(Full()).capture
    for field in fields(Capture):
        assert getattr(capture, field.name) or field.name == "ensemble"
    assert capture.weights == made[1].weights
    assert (capture.augmentation, capture.seed, capture.batch_size) == (
        HOW.augmentation,
        HOW.seed,
        HOW.batch_size,
    )
    assert any(library.startswith("torch ") for library in capture.libraries)


def test_a_member_keeps_what_it_was_told_to_and_answers_as_the_teacher(
    made: tuple[Small, TeacherRef],
) -> None:
    teacher = open_teacher(made[1], HOW, CLASSES)
    kind = TopK(k=2, temperatures=(1.0,))
    member = teacher.keeping(kind)
    assert member.capture.sparsifier == kind
    assert member.capture.fingerprint != teacher.keeping(Full()).capture.fingerprint
    assert member.classes == teacher.classes
    inputs = teacher.encoder.encode(made[0].examples.read())
    pairs = zip(member.answer(inputs), teacher.answer(inputs), strict=True)
    assert all((np.asarray(ours) == np.asarray(theirs)).all() for ours, theirs in pairs)


def test_a_teacher_that_changed_meanwhile_is_refused(made: tuple[Small, TeacherRef]) -> None:
    model = build("mlp", {"hidden": [32]}, made[0].shape, seed=9)
    save_model(model, made[0].encoder, made[1].path)
    with pytest.raises(ModelError, match="changed while it was in use"):
        open_teacher(made[1], HOW, CLASSES)


def test_a_teacher_of_other_classes_is_refused_with_both_named(tmp_path: Path) -> None:
    examples = small(tmp_path)
    model = build("mlp", {"hidden": [8]}, Shape((1, 8, 8), ("cat", "dog")), seed=0)
    save_model(model, examples.encoder, tmp_path / "t" / "member_0")
    with pytest.raises(ModelError, match=r"2 classes \(cat, dog.*3 \(across"):
        open_teacher(refer(tmp_path / "t")[0], HOW, CLASSES)
