from typing import Any

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.confusion import confusion_matrix, confusion_records
from stillroom.evaluation.metrics import accuracy


def test_there_is_one_record_per_example_in_order() -> None:
    rows = np.array([[0.1, 0.9], [0.8, 0.2]])
    assert confusion_records("control", rows, np.array([0, 0]), ["cat", "dog"]) == [
        {"model": "control", "actual": "cat", "predicted": "dog"},
        {"model": "control", "actual": "cat", "predicted": "cat"},
    ]


def test_rows_are_the_truth_and_columns_the_answers() -> None:
    # Class 0 is taken for 1 twice, class 2 for 0 once; class 1 is right once.
    matrix = confusion_matrix(np.array([0, 0, 2, 1]), np.array([1, 1, 0, 1]), 3)
    assert matrix.tolist() == [[0, 2, 0], [0, 1, 0], [1, 0, 0]]


def test_the_diagonal_is_the_accuracy(answers: Any) -> None:
    matrix = confusion_matrix(answers.labels, answers.student.argmax(axis=1), 10)
    assert np.trace(matrix) / matrix.sum() == accuracy(answers.student, answers.labels)


def test_an_answer_that_no_class_has_is_refused() -> None:
    with pytest.raises(DataError, match="allowed is 0 to 1"):
        confusion_matrix(np.array([0, 1]), np.array([0, 2]), 2)


def test_a_missing_class_name_is_refused() -> None:
    with pytest.raises(DataError, match="1 class names for 2"):
        confusion_records("student", np.array([[0.1, 0.9]]), np.array([0]), ["cat"])
