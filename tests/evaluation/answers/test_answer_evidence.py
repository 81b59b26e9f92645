"""Shares of right answers, their differences by prompt, and which prompts are shown."""

import numpy as np
import pytest
from scipy.stats import binomtest

from stillroom.errors import DataError
from stillroom.evaluation.answers.answer_evidence import (
    Answered,
    AnswerEvidence,
    shares_right,
    shown_rows,
)

RIGHT = {
    "teacher": np.array([True] * 8 + [False] * 2),
    "control": np.array([True] * 3 + [False] * 7),
    "student": np.array([False] + [True] * 5 + [False] * 4),
}


def test_shares_differences_and_the_sign_test() -> None:
    result = shares_right(RIGHT)
    assert {name: one.value for name, one in result["right"].items()} == {
        "teacher": 0.8,
        "control": 0.3,
        "student": 0.5,
    }
    assert result["gain"].value == pytest.approx(0.2)
    assert result["gain"].low < 0.2 < result["gain"].high
    assert result["over_teacher"].value == pytest.approx(-0.3)
    pairs = result["pairs"]
    assert (pairs.first, pairs.second) == (3, 1)
    assert pairs.p == pytest.approx(binomtest(3, 4, 0.5).pvalue)


def test_a_share_of_nothing_or_all_has_an_interval() -> None:
    none = np.zeros(20, dtype=bool)
    share = shares_right({"control": none, "student": ~none})["right"]
    assert share["control"].low == 0
    assert share["control"].high > 0.1
    assert share["student"].high == 1
    assert share["student"].low < 0.9


def test_two_models_that_are_right_on_the_same_prompts_may_differ_on_others() -> None:
    some = np.array([True] * 10 + [False] * 10)
    gain = shares_right({"control": some, "student": some})["gain"]
    assert gain.value == 0
    # Wilson: z² / (n + z²), with z = 1.96 and n = 20.
    assert gain.high == pytest.approx(1.96**2 / (20 + 1.96**2), rel=1e-3)
    assert gain.low == -gain.high


def test_a_teacher_that_cannot_generate_is_not_compared() -> None:
    two = {name: RIGHT[name] for name in ("control", "student")}
    assert shares_right(two)["over_teacher"] is None


def test_each_outcome_is_shown_before_one_is_shown_twice() -> None:
    # The outcomes: 0 | 1, 2 | 3, 4, 5 | 6, 7 | 8, 9
    assert shown_rows(RIGHT, 5) == [0, 1, 3, 6, 8]
    assert shown_rows(RIGHT, 7) == [0, 1, 2, 3, 4, 6, 8]
    assert shown_rows(RIGHT, 99) == list(range(10))


def test_what_is_written_is_read() -> None:
    evidence = AnswerEvidence(
        rule="exact",
        words="it is equal",
        prompts=10,
        max_tokens=4,
        left_out={"too_long": 2},
        shown=[Answered("a?", "b", {"student": "c"}, {"student": False})],
        **shares_right(RIGHT),
    )
    assert AnswerEvidence.from_json(evidence.to_json()) == evidence
    with pytest.raises(DataError, match=r"answers\.json.*kedro run --pipeline=evaluate"):
        AnswerEvidence.from_json({"rule": "exact"})
