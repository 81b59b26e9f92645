"""Comparisons: means, gains and shares of planted scores."""

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.statistics.comparison import compare
from stillroom.evaluation.statistics.scores import Scores

EXAMPLES = 4000


def right(accuracy: float, seeds: int = 3, first: int = 0) -> Scores:
    """Return runs that are right on the first rows; each seed adds 10 rows to the one before."""
    wanted = [int(accuracy * EXAMPLES) + 10 * number for number in range(seeds)]
    return Scores.of_answers(np.stack([np.arange(EXAMPLES) < count for count in wanted]))


def test_a_student_between_control_and_teacher_closes_half_of_the_gap() -> None:
    comparison = compare({"teacher": right(0.9, 1), "control": right(0.7), "student": right(0.8)})
    assert comparison.gain.value == pytest.approx(0.1)
    assert comparison.gain.is_above_zero
    assert comparison.over_teacher.is_below_zero
    assert comparison.closed is not None
    assert comparison.closed.value == pytest.approx(0.1 / (0.9 - 0.7 - 10 / EXAMPLES))
    assert comparison.closed.low < 0.5 < comparison.closed.high
    assert comparison.of_seeds["student"] == pytest.approx([0.8, 0.8025, 0.805])
    assert comparison.needed is None


def test_what_was_stored_keeps_three_quarters_of_what_all_logits_bring() -> None:
    three = {"teacher": right(0.9, 1), "control": right(0.7), "student": right(0.76)}
    comparison = compare(three | {"full_logits": right(0.78)})
    assert comparison.kept is not None
    assert comparison.kept.value == pytest.approx(0.06 / 0.08)
    assert comparison.kept.low < 0.75 < comparison.kept.high
    assert compare(three).kept is None
    assert compare(three | {"full_logits": right(0.7)}).kept is None


def test_the_student_that_ships_stands_against_its_other_seeds() -> None:
    comparison = compare({"teacher": right(0.9, 1), "control": right(0.7), "student": right(0.8)})
    assert comparison.ships is not None
    # 3,200 right, the others 3,210 and 3,220: 15 fewer than their mean, of 4,000.
    assert comparison.ships.value == pytest.approx(-15 / EXAMPLES)
    assert comparison.ships.is_below_zero
    one = {"teacher": right(0.9, 1), "control": right(0.7, 1), "student": right(0.8, 1)}
    assert compare(one).ships is None


def test_there_is_no_gap_to_close_below_the_control() -> None:
    comparison = compare({"teacher": right(0.6, 1), "control": right(0.7), "student": right(0.8)})
    assert comparison.closed is None
    assert comparison.over_teacher.is_above_zero
    assert comparison.gap.is_below_zero
    assert comparison.gap.value == pytest.approx(0.6 - 0.7 - 10 / EXAMPLES)


def test_what_is_not_clear_says_how_many_examples_it_would_take() -> None:
    places = np.arange(EXAMPLES)
    control = (places < 3000) | (places >= 3940)  # the only one right on the last 60
    student = places < 3070  # the only one right on 70
    comparison = compare(
        {
            "teacher": right(0.9, 1),
            "control": Scores.of_answers(control),
            "student": Scores.of_answers(student),
        }
    )
    assert not comparison.gain.is_clear
    # Mean 10 / 4000, mean square 130 / 4000: 7.84888 * variance / mean^2.
    expected = 7.84888 * (130 / 4000 - 0.0025**2) * 4000 / 3999 / 0.0025**2
    assert comparison.needed == pytest.approx(expected, rel=1e-4)


def test_arms_of_other_examples_are_refused() -> None:
    few = Scores.of_answers(np.ones(3))
    with pytest.raises(DataError, match="different examples"):
        compare({"teacher": few, "control": right(0.7), "student": right(0.8)})
