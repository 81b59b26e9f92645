import time

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.class_pairs import FLOOR, Pair, surprising_pairs

# Two 3s, one of which looks like an 8; one 5; one 8, which looks like nothing.
ROWS = np.array([[0.8, 0.05, 0.15], [0.01, 0.98, 0.01], [0.55, 0.0, 0.45], [0.005, 0.005, 0.99]])
LABELS = np.array([0, 1, 0, 2])
CLASSES = ["3", "5", "8"]


def test_a_3_that_looks_like_an_8_is_found_with_its_example() -> None:
    # 8 gets (.15 + .45) / 2 = .3 of a 3 and .01 of a 5, the only other class:
    # (.3 + .001) / (.01 + .001). 5 gets .025 of a 3 and .005 of an 8: .026 / .006.
    first, second = surprising_pairs(ROWS, LABELS, CLASSES, 9)
    assert first == Pair(
        actual="3",
        looks_like="8",
        probability=pytest.approx(0.3),
        elsewhere=pytest.approx(0.01),
        lift=pytest.approx(0.301 / 0.011),
        examples=2,
        row=2,
        most=pytest.approx(0.45),
    )
    assert (second.actual, second.looks_like) == ("3", "5")
    assert second.lift == pytest.approx(0.026 / 0.006)
    assert second.row == 0


def test_at_most_the_requested_number() -> None:
    assert len(surprising_pairs(ROWS, LABELS, CLASSES, 1)) == 1


def test_noise_is_no_surprise_however_rare_it_is_elsewhere() -> None:
    rows = np.array([[1 - 1e-6, 1e-6, 0], [0, 1, 0], [0, 0, 1]])
    assert surprising_pairs(rows, np.arange(3), CLASSES, 9) == ()
    rows[0] = [1 - 3 * FLOOR, 3 * FLOOR, 0]  # (3 f + f) / (0 + f)
    assert surprising_pairs(rows, np.arange(3), CLASSES, 9)[0].lift == pytest.approx(4)


def test_a_class_that_everything_looks_like_surprises_nobody() -> None:
    rows = np.array([[0.7, 0.0, 0.3], [0.0, 0.7, 0.3], [0.0, 0.0, 1.0]])
    assert surprising_pairs(rows, np.arange(3), CLASSES, 9) == ()


def test_ties_are_in_order_of_class_and_of_row() -> None:
    rows = np.array(
        [[0.9, 0.1, 0, 0], [0.9, 0.1, 0, 0], [0, 1, 0, 0], [0, 0, 0.9, 0.1], [0, 0, 0, 1]]
    )
    pairs = surprising_pairs(rows, np.array([0, 0, 1, 2, 3]), list("abcd"), 9)
    assert [(pair.actual, pair.looks_like, pair.row) for pair in pairs] == [
        ("a", "b", 0),
        ("c", "d", 3),
    ]


def test_a_class_without_an_example_is_no_other_class_but_can_be_looked_like() -> None:
    rows = np.array([[0.6, 0.0, 0.4], [0.0, 0.9, 0.1]])
    (pair,) = surprising_pairs(rows, np.array([0, 1]), CLASSES, 9)
    assert (pair.actual, pair.looks_like) == ("3", "8")
    assert pair.elsewhere == pytest.approx(0.1)  # of the 5 alone


def test_two_classes_have_nothing_to_compare_with() -> None:
    rows = np.array([[0.6, 0.4], [0.4, 0.6]])
    assert surprising_pairs(rows, np.array([0, 1]), ["a", "b"], 9) == ()


def test_a_thousand_classes_take_less_than_two_seconds() -> None:
    rows = np.random.default_rng(0).dirichlet(np.full(1000, 0.1), 5000)
    labels = np.arange(5000) % 1000
    began = time.process_time()
    assert len(surprising_pairs(rows, labels, [str(at) for at in range(1000)], 12)) == 12
    assert time.process_time() - began < 2


def test_names_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match="2 class names for 3"):
        surprising_pairs(ROWS, LABELS, ["3", "5"], 9)
