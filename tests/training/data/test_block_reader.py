"""Readers: a fit sees its views, and soft labels where it learns from them."""

from pathlib import Path

import numpy as np
import pytest
from small_project import OBJECTIVE, Small, a_fit, small, soft_labels, untrained_teachers

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.errors import StillroomError
from stillroom.training.data.block_reader import see
from stillroom.training.data.memory_dataset import Rows, read_split
from stillroom.training.data.sampler import Part

MOVED = Views(count=2, shift=1, seed=0)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return small(tmp_path_factory.mktemp("reader"), unlabelled=20)


def train(made: Small) -> Rows:
    return read_split(made.examples, read_encoder(made.encoder), "train")


def test_a_control_sees_the_students_views_and_no_targets(made: Small, tmp_path: Path) -> None:
    labels = soft_labels(
        made, untrained_teachers(made, tmp_path / "t", 1), tmp_path / "s", views=MOVED
    )
    student = see(a_fit(objective=OBJECTIVE), train(made), labels)
    control = see(a_fit(), train(made), labels)
    few = see(a_fit(rows="labelled"), train(made), labels)
    assert student.variants == control.variants == few.variants == [(1, 0), (2, 0)]
    assert student.views == control.views == few.views == MOVED
    assert [len(rows.targets) for rows in (student, control, few)] == [2, 0, 0]
    assert [len(rows) for rows in (student, control, few)] == [60, 60, 40]
    for epoch in (0, 1):
        part = Part(np.arange(60), 0, 1, epoch)
        assert (student[part].inputs == control[part].inputs).all()


def test_without_soft_labels_rows_are_plain_and_a_soft_objective_is_refused(made: Small) -> None:
    assert see(a_fit(), train(made), None).variants == [(0, 0)]
    with pytest.raises(StillroomError, match="names no soft labels"):
        see(a_fit(objective=OBJECTIVE), train(made), None)


def test_a_fit_with_a_shift_has_a_view_of_its_own_in_each_epoch(made: Small) -> None:
    rows = see(a_fit(epochs=4, shift=2, seed=9, rows="labelled"), train(made), None)
    assert rows.views == Views(count=4, shift=2, seed=9)
    assert rows.variants == [(1, 0), (2, 0), (3, 0), (4, 0)]
    assert len(rows) == 40
