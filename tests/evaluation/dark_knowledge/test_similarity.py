from typing import Any

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.similarity import (
    likeness,
    mean_soft_labels,
    most_alike,
    similarity_records,
)


def test_each_row_is_the_mean_of_its_class_and_an_empty_class_has_none() -> None:
    # Class 0: the mean of (.8, .2, 0) and (.6, .2, .2). Class 1: itself. Class 2: no example.
    teacher = np.array([[0.8, 0.2, 0.0], [0.6, 0.2, 0.2], [0.1, 0.9, 0.0]])
    matrix = mean_soft_labels(teacher, np.array([0, 0, 1]))
    np.testing.assert_allclose(matrix, [[0.7, 0.2, 0.1], [0.1, 0.9, 0.0], [0, 0, 0]], atol=1e-12)


def test_every_row_sums_to_one(answers: Any) -> None:
    matrix = mean_soft_labels(answers.teacher, answers.labels)
    np.testing.assert_allclose(matrix.sum(axis=1), np.ones(10), atol=1e-12)


def test_the_records_keep_the_diagonal() -> None:
    records = similarity_records(np.array([[0.9, 0.1], [0.25, 0.75]]), ["cat", "dog"])
    assert records[0] == {"actual": "cat", "looks_like": "cat", "probability": 0.9}
    assert records[2] == {"actual": "dog", "looks_like": "cat", "probability": 0.25}
    assert len(records) == 4


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="1 class names for 2"):
        similarity_records(np.eye(2), ["a"])


# a and b are alike (.2 and .1), c is like neither; d has no example, and every one is like it.
OF_FOUR = np.array([[0.5, 0.2, 0.0, 0.3], [0.1, 0.6, 0.0, 0.3], [0.0, 0.02, 0.9, 0.08], [0] * 4])


def test_likeness_is_the_mean_of_both_ways_and_nothing_for_an_empty_class() -> None:
    expected = [[0, 0.15, 0, 0], [0.15, 0, 0.01, 0], [0, 0.01, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(likeness(OF_FOUR), expected, atol=1e-15)


def test_the_most_alike_classes_come_in_the_classes_order_and_empty_ones_last() -> None:
    assert most_alike(OF_FOUR, 2).tolist() == [0, 1]
    assert most_alike(OF_FOUR, 3).tolist() == [0, 1, 2]
    assert most_alike(OF_FOUR[::-1, ::-1], 2).tolist() == [2, 3]
    assert most_alike(OF_FOUR, 9).tolist() == [0, 1, 2, 3]
