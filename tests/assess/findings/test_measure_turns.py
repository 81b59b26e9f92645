"""Quality by turn, worked out by hand on a few positions."""

from dataclasses import replace

import numpy as np
import pytest

from stillroom.assess.findings.measure_tokens import TokenPredictions
from stillroom.assess.findings.measure_turns import turn_metrics, turns_evidence
from stillroom.evaluation.token_metrics import TokenScores

# Three sequences of 3, 3 and 2 positions.
LENGTHS = np.array([3, 3, 2])
TURNS = np.array([1, 1, 2, 1, 2, 7, 2, 5])
LABELS = np.array([4, 5, 6, 4, 5, 6, 4, 5])


def scores(nll: list[float], top: list[int], kl: float) -> TokenScores:
    size = len(LABELS)
    return TokenScores(np.array(nll), np.array(top), np.full(size, 0.75), np.full(size, kl))


def predictions(turns: np.ndarray | None = TURNS) -> TokenPredictions:
    right, wrong = LABELS.tolist(), [0] * len(LABELS)
    arms = {
        "teacher": [scores([1.0] * 8, right, 0.0)],
        "control": [scores([4.0] * 8, wrong, 0.5), scores([2.0] * 8, wrong, 0.5)],
        "student": [
            scores([1, 2, 3, 3, 4, 5, 5, 1], [4, 0, 6, 4, 5, 0, 0, 5], 0.25),
            scores([1, 2, 3, 3, 4, 5, 5, 1], right, 0.75),
        ],
    }
    return TokenPredictions(LABELS, LENGTHS, 99, arms, {}, turns)


def test_each_turn_has_the_means_of_its_positions() -> None:
    metrics = turn_metrics(predictions(), 15)
    assert metrics["student_turn_1"]["nll"] == pytest.approx((1 + 2 + 3) / 3)
    assert metrics["student_turn_2"]["nll"] == pytest.approx((3 + 4 + 5) / 3)
    assert metrics["student_turn_5"]["nll"] == pytest.approx((5 + 1) / 2)
    assert metrics["control_turn_1"]["nll"] == pytest.approx(3)
    # Two of three and all three are the teacher's first choice.
    assert metrics["student_turn_1"]["agreement"] == pytest.approx((2 / 3 + 1) / 2)
    assert metrics["student_turn_2"]["kl_to_teacher"] == pytest.approx(0.5)
    # The confidence is 0.75: |2/3 - 0.75| and |1 - 0.75|.
    assert metrics["student_turn_1"]["ece"] == pytest.approx((1 / 12 + 1 / 4) / 2)
    assert {name.rpartition("_")[2] for name in metrics} == {"1", "2", "5"}


def test_intervals_are_paired_by_sequence() -> None:
    evidence = turns_evidence(predictions(), 15)
    assert evidence is not None
    assert [(one.turn, one.name, one.tokens, one.sequences) for one in evidence.turns] == [
        (1, "1", 3, 2),
        (2, "2", 3, 3),
        (5, "5 and later", 2, 2),
    ]
    first = evidence.turns[0]
    assert first.arms["student"].nll.value == pytest.approx(2)
    assert first.gain.value == pytest.approx(3 - 2)
    assert first.gain.low < first.gain.value < first.gain.high
    assert first.arms["teacher"].agreement.value == 1
    assert first.arms["student"].overconfidence.value == pytest.approx(0.75 - (2 / 3 + 1) / 2)


def test_with_one_turn_there_is_nothing_to_compare() -> None:
    one = predictions(np.ones_like(TURNS))
    assert turn_metrics(one, 15) == {}
    evidence = turns_evidence(one, 15)
    assert evidence is not None
    assert evidence.turns == []
    assert turns_evidence(predictions(None), 15) is None
    assert turn_metrics(predictions(None), 15) == {}


def test_a_turn_of_a_single_sequence_is_left_out() -> None:
    turns = np.where(TURNS == 7, 3, np.minimum(TURNS, 2))
    evidence = turns_evidence(replace(predictions(), turns=turns), 15)
    assert evidence is not None
    assert [one.turn for one in evidence.turns] == [1, 2]
