"""Readers: a fit gets its views, and soft labels if it learns from them."""

from pathlib import Path

import numpy as np
import pytest
from support.examples.image_examples import (
    ImageExamples,
    image_examples,
    soft_labels,
    untrained_teachers,
)
from support.training.jobs import OBJECTIVE, a_fit

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.errors import StillroomError
from stillroom.training.data.block_reader import dataset_for
from stillroom.training.data.memory_dataset import MemoryDataset, read_split
from stillroom.training.data.sampler import MicroBatch

MOVED = Views(count=2, shift=1, seed=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> ImageExamples:
    return image_examples(tmp_path_factory.mktemp("reader"), unlabelled=20)


def train(made: ImageExamples) -> MemoryDataset:
    return read_split(made.examples, read_encoder(made.encoder), "train")


def test_a_control_sees_the_students_views_and_no_targets(
    made: ImageExamples, tmp_path: Path
) -> None:
    labels = soft_labels(
        made, untrained_teachers(made, tmp_path / "t", 1), tmp_path / "s", views=MOVED
    )
    student = dataset_for(a_fit(objective=OBJECTIVE), train(made), labels)
    control = dataset_for(a_fit(), train(made), labels)
    few = dataset_for(a_fit(rows="labelled"), train(made), labels)
    assert student.variants == control.variants == few.variants == [(1, 0), (2, 0)]
    assert student.views == control.views == few.views == MOVED
    assert [len(rows.targets) for rows in (student, control, few)] == [2, 0, 0]
    assert [len(rows) for rows in (student, control, few)] == [60, 60, 40]
    for epoch in (0, 1):
        part = MicroBatch(batch=np.arange(60), number=0, count=1, epoch=epoch)
        assert (student[part].inputs == control[part].inputs).all()


def test_without_soft_labels_rows_are_plain_and_a_soft_objective_is_refused(
    made: ImageExamples,
) -> None:
    assert dataset_for(a_fit(), train(made), None).variants == [(0, 0)]
    with pytest.raises(StillroomError, match="student has a soft objective, but the job has no"):
        dataset_for(a_fit(objective=OBJECTIVE), train(made), None)


def test_a_fit_with_a_shift_has_a_view_of_its_own_in_each_epoch(made: ImageExamples) -> None:
    rows = dataset_for(a_fit(epochs=4, shift=2, seed=9, rows="labelled"), train(made), None)
    assert rows.views == Views(count=4, shift=2, seed=9)
    assert rows.variants == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert len(rows) == 40
