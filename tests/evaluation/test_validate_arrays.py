import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.validate_arrays import (
    checked_labels,
    checked_probabilities,
    require_class_names,
    require_same_shape,
)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(3), r"shape \(3,\)"),
        (np.ones((0, 2)), r"shape \(0, 2\)"),
        (np.ones((2, 1)), r"shape \(2, 1\)"),
        (np.array([[0.5, 0.5], [np.nan, 1.0]]), "not finite in row 1"),
        (np.array([[0.5, 0.5], [np.inf, 0.0]]), "not finite in row 1"),
        (np.array([[0.5, 0.5], [0.5, 0.4]]), "no distribution in row 1"),
        (np.array([[0.9, 0.0], [1.5, -0.5]]), "no distribution in row 1"),
    ],
)
def test_what_is_no_distribution_is_refused_with_its_row(values: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_probabilities(values, "probabilities")


def test_the_rounding_of_a_float32_softmax_is_let_through() -> None:
    rows = np.full((4, 1000), 1 / 1000, dtype=np.float32) * np.float32(1 + 1e-5)
    assert checked_probabilities(rows, "probabilities").dtype == np.float64


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 1, 2]), "2 rows"),
        (np.array([[0], [1]]), "2 rows"),
        (np.array([0.0, 1.0]), "float64"),
        (np.array([0, 3]), "allowed is 0 to 2"),
        (np.array([-1, 0]), "allowed is 0 to 2"),
    ],
)
def test_labels_that_no_class_has_are_refused(labels: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        checked_labels(labels, (2, 3))


def test_another_shape_than_the_teachers_is_refused() -> None:
    with pytest.raises(DataError, match="same examples and classes"):
        require_same_shape(np.ones((2, 3)), np.ones((2, 4)))


def test_one_name_too_few_is_refused() -> None:
    with pytest.raises(DataError, match="2 class names for 3"):
        require_class_names(["a", "b"], 3)
