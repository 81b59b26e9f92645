"""Capture jobs: one for each teacher, or one for an ensemble that is combined at capture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.examples.image_examples import (
    CLASSES,
    ImageExamples,
    image_encoder,
    image_examples,
    other_encoder,
    untrained_teachers,
)

from stillroom.config.compose import compose
from stillroom.config.schema import SoftLabels
from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.pretrained.model_directory import save_model
from stillroom.models.shape import Shape
from stillroom.softlabels.capture.sparsify_rows import on_cpu
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.teachers.capture_jobs import capture_jobs
from stillroom.teachers.stored_teachers import teacher_refs
from stillroom.teachers.teacher import TeacherRef

SETTINGS = replace(
    SoftLabels(**compose(Path(__file__).resolve().parents[2])["softlabels"]), batch_size=16
)
ROWS = 110  # 60 of train, 20 of validation and 30 of test
Project = tuple[ImageExamples, tuple[TeacherRef, ...]]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return examples and the references of two teachers."""
    folder = tmp_path_factory.mktemp("jobs")
    examples = image_examples(folder)
    return examples, teacher_refs(untrained_teachers(examples, folder / "teachers"))


def test_each_teacher_has_a_job_over_all_examples_in_their_order(project: Project) -> None:
    examples, refs = project
    jobs = capture_jobs(examples.examples, examples.encoder, refs, SETTINGS)
    captures = [job.teacher.keeping(Full()).capture for job in jobs]
    assert [capture.weights for capture in captures] == [ref.weights for ref in refs]
    assert {capture.batch_size for capture in captures} == {16}
    ids = examples.examples.read()["example_id"].to_list()
    for job in jobs:
        assert [one.row.example_id for one in job.inputs] == ids
        assert len(job.inputs) == len(ids) == ROWS


def test_training_rows_have_all_views_and_draws_and_the_capture_names_the_views(
    project: Project,
) -> None:
    examples, refs = project
    settings = replace(SETTINGS, views=2, shift=1, seed=6, draws=3)
    (job, _) = capture_jobs(examples.examples, examples.encoder, refs, settings)
    assert len(job.inputs) == 60 * 2 * 3 + 50
    first = [(one.row.view, one.row.draw) for one in job.inputs][:6]
    assert first == [(1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (2, 2)]
    capture = job.teacher.keeping(Full()).capture
    assert (capture.augmentation, capture.seed) == ("shift-2 shift=1 seed=6", 6)


def test_teachers_that_are_combined_at_capture_are_one_job(project: Project) -> None:
    examples, refs = project
    settings = replace(SETTINGS, combine="capture", weights=[3.0, 1.0])
    (job,) = capture_jobs(examples.examples, examples.encoder, refs, settings)
    capture = job.teacher.keeping(Full()).capture
    assert capture.teachers == [ref.weights for ref in refs]
    assert capture.ensemble is not None
    assert capture.ensemble.shares == (0.75, 0.25)
    assert len(job.inputs) == ROWS


def test_one_teacher_is_no_ensemble_even_when_it_should_be_combined_at_capture(
    project: Project,
) -> None:
    examples, refs = project
    settings = replace(SETTINGS, combine="capture")
    (job,) = capture_jobs(examples.examples, examples.encoder, refs[:1], settings)
    assert job.teacher.keeping(Full()).capture.ensemble is None


def test_each_teacher_gets_the_examples_in_its_own_encoding(tmp_path: Path) -> None:
    examples = image_examples(tmp_path)
    shape = Shape((1, 8, 8), tuple(CLASSES))
    for number, encoder in enumerate(
        (image_encoder(shape), replace(image_encoder(shape), mean=(0.25,), scale=(0.5,)))
    ):
        model = build("mlp", {"hidden": [4]}, shape, seed=0)
        save_model(model, encoder, tmp_path / "teachers" / f"member_{number}")
    refs = teacher_refs(tmp_path / "teachers")
    plain, scaled = capture_jobs(examples.examples, examples.encoder, refs, SETTINGS)
    pixels = np.frombuffer(examples.examples.read()["image"][0], np.uint8).reshape(1, 8, 8) / 255
    first, second = (next(iter(job.inputs)) for job in (plain, scaled))
    np.testing.assert_allclose(first.input(), pixels, rtol=1e-6)
    np.testing.assert_allclose(second.input(), (pixels - 0.25) / 0.5, rtol=1e-5, atol=1e-6)
    assert first.row.input_key != second.row.input_key
    logits = [
        on_cpu(next(iter(job.teacher.answer(one.input()[None]))))
        for job, one in ((plain, first), (scaled, second))
    ]
    assert not np.array_equal(*logits)
    with pytest.raises(ModelError, match=r"encode their inputs differently.*combine=read"):
        capture_jobs(
            examples.examples, examples.encoder, refs, replace(SETTINGS, combine="capture")
        )


def test_a_teacher_of_other_classes_than_the_examples_is_refused(
    project: Project, tmp_path: Path
) -> None:
    examples, refs = project
    encoder = other_encoder(examples, tmp_path / "encoder", classes=("a", "b", "c"))
    with pytest.raises(ModelError, match=r"3 classes \(across.* but the examples have 3 .*\(a, b"):
        capture_jobs(examples.examples, encoder, refs, SETTINGS)
