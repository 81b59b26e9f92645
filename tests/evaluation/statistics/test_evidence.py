"""Evidence: computed from scores, and equal after a round trip through JSON."""

import json

import numpy as np
import pytest
from support.evaluation.planted_answers import RIGHT, planted_answers, planted_evidence

from stillroom.errors import DataError
from stillroom.evaluation.arms import STUDENT, TEACHER
from stillroom.evaluation.statistics.evidence import Choices, Evidence, evidence
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.wilson import wilson


def test_it_counts_seeds_examples_and_pairs() -> None:
    planted = planted_evidence(examples=500, seeds=2)
    assert (planted.seeds, len(planted.pairs)) == (2, 2)
    assert (planted.examples, planted.answers) == (500, 500)
    assert not planted.of_sequences
    right = planted_answers(examples=500, seeds=2).arm_scores()
    alone = (right[STUDENT].right.sums[0] > right["control"].right.sums[0]).sum()
    assert planted.pairs[0].first == alone


def test_confidence_less_accuracy_is_what_was_planted() -> None:
    planted = evidence(planted_answers(confidence=0.97).arm_scores())
    assert planted.overconfidence[STUDENT].value == pytest.approx(
        0.97 - planted.accuracy.arms[STUDENT].value
    )
    assert planted.overconfidence[STUDENT].is_above_zero
    assert not planted.overconfidence[TEACHER].low > 0.02


def test_all_right_has_the_interval_of_a_share() -> None:
    planted = planted_evidence(RIGHT | {STUDENT: 2.0}, examples=100)  # right on all, in any draw
    arm = planted.accuracy.arms[STUDENT]
    assert (arm.low, arm.high) == wilson(100, 100)
    assert arm.low < 0.97


def test_it_comes_back_from_json_as_it_was() -> None:
    planted = planted_evidence()
    assert Evidence.from_json(json.loads(json.dumps(planted.to_json()))) == planted


def test_another_document_is_refused() -> None:
    broken = planted_evidence().to_json()
    del broken["accuracy"]["gain"]["low"]
    with pytest.raises(DataError, match=r"statistics\.json: accuracy\.gain\.low is malformed"):
        Evidence.from_json(broken)
    with pytest.raises(DataError, match="malformed"):
        Evidence.from_json([])


def test_sequences_have_no_pairs() -> None:
    draws = np.random.default_rng(0)
    lengths = np.full(20, 5)

    def choices() -> Choices:
        right = draws.random((2, 100)) < 0.5
        return Choices(right=right, log_likelihood=-draws.random((2, 100)),
                       confidence=draws.random((2, 100)), agrees=right)  # fmt: skip

    marks = {
        arm: choices().arm_scores(lambda one: Scores.of_sequences(one, lengths))
        for arm in ("teacher", "control", "student")
    }
    by_sequence = evidence(marks, "sequence")
    assert (by_sequence.examples, by_sequence.answers, by_sequence.pairs) == (20, 100, [])
    assert by_sequence.of_sequences
