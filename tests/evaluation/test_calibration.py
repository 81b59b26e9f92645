from typing import Any

import numpy as np
import pytest

from stillroom.evaluation.calibration import reliability
from stillroom.evaluation.metrics import accuracy, ece


def test_each_bin_gives_its_means_and_empty_bins_give_nothing() -> None:
    # Confidences 0.6 (right), 0.8 (wrong), 1.0 (right). Of four bins, (0.5, 0.75] holds the
    # first, (0.75, 1] the others: mean confidence 0.9, half of them right.
    rows = np.array([[0.6, 0.4], [0.8, 0.2], [0.0, 1.0]])
    assert reliability("student", rows, np.array([0, 1, 1]), bins=4) == [
        {"model": "student", "bin": 2, "confidence": 0.6, "accuracy": 1.0, "count": 1},
        {"model": "student", "bin": 3, "confidence": 0.9, "accuracy": 0.5, "count": 2},
    ]


def test_the_counts_cover_every_example_once(answers: Any) -> None:
    records = reliability("student", answers.student, answers.labels, 15)
    assert sum(int(record["count"]) for record in records) == len(answers.labels)


def test_the_records_add_up_to_ece_and_accuracy(answers: Any) -> None:
    records = reliability("student", answers.student, answers.labels, 15)
    shares = [int(record["count"]) / len(answers.labels) for record in records]
    gaps = [abs(float(record["accuracy"]) - float(record["confidence"])) for record in records]
    right = [float(record["accuracy"]) for record in records]
    assert np.dot(shares, gaps) == pytest.approx(ece(answers.student, answers.labels, 15), abs=1e-5)
    assert np.dot(shares, right) == pytest.approx(
        accuracy(answers.student, answers.labels), abs=1e-5
    )
