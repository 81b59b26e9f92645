"""Answers to 1,000 examples of 10 classes, drawn from a seeded softmax."""

from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray


class Answers(NamedTuple):
    """Two models' answers to the same examples."""

    labels: NDArray[np.int64]
    student: NDArray[Any]
    teacher: NDArray[Any]


@pytest.fixture(scope="session")
def answers() -> Answers:
    """Labels [1000], and two sets of probabilities [1000, 10]."""
    random = np.random.default_rng(11)
    labels = random.integers(0, 10, 1000)
    drawn = [
        np.exp(4 * np.eye(10)[labels] + noise * random.standard_normal((1000, 10)))
        for noise in (2.0, 1.0)
    ]
    student, teacher = (rows / rows.sum(axis=1, keepdims=True) for rows in drawn)
    return Answers(labels, student, teacher)
