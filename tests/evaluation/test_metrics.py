import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stillroom.errors import DataError
from stillroom.evaluation.metrics import (
    FLOOR,
    Quality,
    accuracy,
    agreement,
    brier,
    ece,
    ece_of,
    kl_to_teacher,
    nll,
    quality,
)

# Four examples of three classes. First choices 0, 1, 2, 0; labels 0, 1, 1, 2: right, right, wrong,
# wrong. The probabilities of the labels are 1/2, 3/4, 1/4, 1/8.
ROWS = np.array([[0.5, 0.25, 0.25], [0.125, 0.75, 0.125], [0.25, 0.25, 0.5], [0.625, 0.25, 0.125]])
LABELS = np.array([0, 1, 1, 2])
# First choices 0, 1, 1, 1: agrees with ROWS on the first two.
TEACHER = np.array([[1.0, 0, 0], [0.25, 0.5, 0.25], [0, 1.0, 0], [0.25, 0.5, 0.25]])


def test_accuracy_is_the_share_of_first_choices_at_the_label() -> None:
    assert accuracy(ROWS, LABELS) == 0.5


def test_of_equal_probabilities_the_first_class_counts() -> None:
    assert accuracy(np.array([[0.5, 0.5], [0.5, 0.5]]), np.array([0, 1])) == 0.5


def test_nll_is_the_mean_of_the_logs_at_the_labels() -> None:
    # -(ln 1/2 + ln 3/4 + ln 1/4 + ln 1/8) / 4 = (1 + 2 + 3 + 2) ln 2 / 4 - ln 3 / 4
    assert nll(ROWS, LABELS) == pytest.approx(2 * math.log(2) - math.log(3) / 4, abs=1e-12)


def test_a_probability_of_zero_costs_the_floor_and_no_more() -> None:
    assert nll(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(-math.log(FLOOR))


def test_a_certain_right_answer_costs_a_zero_without_a_sign() -> None:
    assert math.copysign(1, nll(np.array([[1.0, 0.0]]), np.array([0]))) == 1


def test_ece_weighs_the_gap_of_each_bin() -> None:
    # Confidences 0.5, 0.75, 0.5, 0.625. Two bins: (0, 0.5] holds one right and one wrong at 0.5,
    # a gap of 0; (0.5, 1] one right and one wrong at a mean of 0.6875, a gap of 0.1875.
    # ECE = 2/4 * 0 + 2/4 * 0.1875.
    assert ece(ROWS, LABELS, bins=2) == pytest.approx(0.09375, abs=1e-12)


def test_ece_grows_where_more_bins_keep_apart_what_cancels_in_fewer() -> None:
    # Four bins hold the same two pairs as two bins: (0.25, 0.5] and (0.5, 0.75].
    assert ece(ROWS, LABELS, bins=4) == pytest.approx(0.09375, abs=1e-12)
    # Of ten bins (0.4, 0.5] holds the pair at 0.5, with a gap of 0; (0.7, 0.8] is right at 0.75,
    # and (0.6, 0.7] wrong at 0.625: 1/4 * 0.25 + 1/4 * 0.625 = 0.21875.
    assert ece(ROWS, LABELS, bins=10) == pytest.approx(0.21875, abs=1e-12)


def test_ece_of_answers_in_four_bins() -> None:
    # One confidence in each of (0, 1/4], (1/4, 1/2], (1/2, 3/4], (3/4, 1]; wrong, right, right,
    # wrong: gaps of 1/4, 1/2, 1/4 and 1, each with a weight of 1/4.
    confidence = np.array([0.25, 0.5, 0.75, 1.0])
    right = np.array([False, True, True, False])
    assert ece_of(confidence, right, bins=4) == pytest.approx(0.5, abs=1e-12)
    # Two bins: (0, 1/2] has one of two right at a mean of 3/8, (1/2, 1] one at 7/8.
    assert ece_of(confidence, right, bins=2) == pytest.approx(0.25, abs=1e-12)


def test_ece_without_a_bin_is_refused() -> None:
    with pytest.raises(DataError, match="bins is 0"):
        ece(ROWS, LABELS, bins=0)


def test_agreement_compares_first_choices_alone() -> None:
    assert agreement(ROWS, TEACHER) == 0.5


def test_kl_runs_from_the_teacher_to_the_model() -> None:
    # Row 0: ln(1 / .5) = ln 2. Row 2: ln(1 / .25) = 2 ln 2.
    # Row 1: .25 ln 2 + .5 ln(2/3) + .25 ln 2 = .5 ln 2 + .5 ln 2 - .5 ln 3 = ln 2 - .5 ln 3.
    # Row 3: .25 ln(.25/.625) + .5 ln 2 + .25 ln 2 = .25 ln(2/5) + .75 ln 2 = ln 2 - .25 ln 5.
    expected = (5 * math.log(2) - 0.5 * math.log(3) - 0.25 * math.log(5)) / 4
    assert kl_to_teacher(ROWS, TEACHER) == pytest.approx(expected, abs=1e-12)


def test_the_brier_score_is_the_squared_distance_from_the_label() -> None:
    # (0.5, 0.5) against (1, 0): 1/4 + 1/4. (0.2, 0.8) against (0, 1): 0.04 + 0.04.
    rows = np.array([[0.5, 0.5], [0.2, 0.8]])
    assert brier(rows, np.array([0, 1])) == pytest.approx((0.5 + 0.08) / 2)
    assert brier(np.eye(2), np.array([0, 1])) == 0
    assert brier(np.eye(2), np.array([1, 0])) == 2


def test_quality_holds_each_measure_under_its_name() -> None:
    # Right are rows 0 and 1 of three; the teacher's first choices are 0, 1 and 1 beside 0, 1 and 2.
    # Squared distances from the labels: 3/8; 1/64 + 1/16 + 1/64 = 3/32; 1/16 + 9/16 + 1/4 = 7/8.
    # Ten bins: 1/2 right and 1/2 wrong cancel, 3/4 right leaves 1/4 of a third.
    # KL: ln 2; ln 2 - (ln 3) / 2; 2 ln 2, as below.
    measured = quality(ROWS[:3], LABELS[:3], TEACHER[:3], 10)
    expected = Quality(
        accuracy=2 / 3,
        nll=(5 * math.log(2) - math.log(3)) / 3,
        ece=1 / 12,
        brier=43 / 96,
        agreement=2 / 3,
        kl_to_teacher=(4 * math.log(2) - 0.5 * math.log(3)) / 3,
    )
    assert asdict(measured) == pytest.approx(asdict(expected), abs=1e-12)


def test_the_teacher_agrees_with_itself(answers: Any) -> None:
    measured = quality(answers.teacher, answers.labels, answers.teacher, 15)
    assert measured.agreement == 1
    assert measured.kl_to_teacher == 0


def test_a_teacher_of_other_examples_is_refused(answers: Any) -> None:
    with pytest.raises(DataError, match="same examples"):
        quality(answers.student, answers.labels, answers.teacher[:-1], 15)


@st.composite
def drawn_answers(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    shape = (draw(st.integers(1, 20)), draw(st.integers(2, 6)))
    weights = arrays(np.float64, shape, elements=st.integers(0, 100).map(float))
    student, teacher = draw(weights) + 1e-3, draw(weights) + 1e-3
    labels = draw(arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)))
    return _normed(student), _normed(teacher), labels


def _normed(weights: Any) -> Any:
    return weights / weights.sum(axis=1, keepdims=True)


@given(drawn_answers(), st.integers(1, 30))
def test_each_measure_stays_in_its_range(drawn: tuple[Any, Any, Any], bins: int) -> None:
    student, teacher, labels = drawn
    measured = quality(student, labels, teacher, bins)
    assert 0 <= measured.ece <= 1
    assert 0 <= measured.accuracy <= 1
    assert 0 <= measured.agreement <= 1
    assert measured.kl_to_teacher >= 0
    assert 0 <= measured.nll <= -math.log(FLOOR)


@given(drawn_answers(), st.randoms(use_true_random=False))
def test_the_order_of_the_examples_changes_nothing(
    drawn: tuple[Any, Any, Any], shuffler: Any
) -> None:
    student, teacher, labels = drawn
    order = list(range(len(labels)))
    shuffler.shuffle(order)
    before = quality(student, labels, teacher, 10)
    after = quality(student[order], labels[order], teacher[order], 10)
    for name in before.__dataclass_fields__:
        assert getattr(after, name) == pytest.approx(getattr(before, name), abs=1e-12)


@given(drawn_answers())
def test_one_bin_measures_the_gap_of_the_means(drawn: tuple[Any, Any, Any]) -> None:
    student, _, labels = drawn
    gap = abs(accuracy(student, labels) - student.max(axis=1).mean())
    assert ece(student, labels, bins=1) == pytest.approx(gap, abs=1e-12)
