"""Class predictions: columns become arms and seeds, and scores are computed for each run."""

import numpy as np
import polars as pl
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.predictions import ClassPredictions

FRAME = pl.DataFrame(
    {
        "example_id": [b"a", b"b", b"c"],
        "split": ["validation", "test", "test"],
        "label": [0, 1, 0],
        "student_1": [[0.5, 0.5], [0.1, 0.9], [0.3, 0.7]],
        "teacher": [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]],
        "control": [[0.5, 0.5], [0.7, 0.3], [0.8, 0.2]],
        "student": [[0.5, 0.5], [0.4, 0.6], [0.9, 0.1]],
        "control_1": [[0.5, 0.5], [0.4, 0.6], [0.2, 0.8]],
    }
)


def test_runs_stand_by_arm_in_the_order_of_seeds() -> None:
    test = ClassPredictions.of_frame(FRAME, "test")
    assert len(test) == 2
    assert test.labels.tolist() == [1, 0]
    assert {arm: probabilities.shape for arm, probabilities in test.arms.items()} == {
        "teacher": (1, 2, 2),
        "control": (2, 2, 2),
        "student": (2, 2, 2),
    }
    assert test.first("student").tolist() == [[0.4, 0.6], [0.9, 0.1]]
    assert test.arms["student"][1].tolist() == [[0.1, 0.9], [0.3, 0.7]]


def test_marks_are_of_each_run_and_example() -> None:
    marks = ClassPredictions.of_frame(FRAME, "test").arm_scores()
    assert marks["student"].right.sums.tolist() == [[1, 1], [1, 0]]
    assert marks["control"].right.sums.tolist() == [[0, 1], [1, 0]]
    np.testing.assert_allclose(
        marks["student"].log_likelihood.sums, np.log([[0.6, 0.9], [0.9, 0.3]])
    )
    # Confidence minus accuracy: 0.9 - 1 and 0.7 - 0.
    np.testing.assert_allclose(marks["student"].excess.sums[1], [-0.1, 0.7])
    assert marks["student"].agrees.sums.tolist() == [[1, 1], [1, 0]]
    assert marks["teacher"].agrees.value == 1


def test_a_split_without_rows_is_empty() -> None:
    assert len(ClassPredictions.of_frame(FRAME, "train")) == 0


def test_a_missing_run_is_named() -> None:
    with pytest.raises(DataError, match="the predictions lack control"):
        ClassPredictions.of_frame(FRAME.drop("control", "control_1"), "test")


def test_answers_of_other_classes_are_refused() -> None:
    three = FRAME.with_columns(teacher=pl.Series([[0.2, 0.3, 0.5]] * 3))
    with pytest.raises(DataError, match="different numbers of classes"):
        ClassPredictions.of_frame(three, "test")
    ragged = FRAME.with_columns(teacher=pl.Series([[1.0], [0.5, 0.5], [0.2, 0.3, 0.5]]))
    with pytest.raises(DataError, match="teacher has rows of"):
        ClassPredictions.of_frame(ragged, "test")
    odds = FRAME.with_columns(teacher=pl.Series([[1.0, 1.0]] * 3))
    with pytest.raises(DataError, match="no distribution"):
        ClassPredictions.of_frame(odds, "test")
