"""Slice verdicts: 500 test splits of equal slices and of a broken one. Takes about 8 s."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.slices.excess import excesses, p_values
from stillroom.evaluation.slices.holm import holm
from stillroom.evaluation.slices.slicing import Slice, by_class, by_confidence
from stillroom.evaluation.slices.verdicts import (
    ALPHA,
    LEAST,
    SliceVerdicts,
    called_out,
    read_slice_verdicts,
    slice_verdicts,
)
from stillroom.evaluation.statistics.scores import Scores

SPLITS, EXAMPLES, CLASSES = 500, 2000, 20
Draws = np.random.Generator


def answers(draws: Draws, seeds: int, rate: NDArray[Any] | float) -> tuple[Scores, Scores]:
    """Return where models are right: a teacher on 95%; students lose `rate` of it and gain 30%."""
    teacher = draws.random(EXAMPLES) < 0.95
    likely = np.where(teacher, 1 - np.asarray(rate), 0.3)
    return Scores.of_answers(teacher), Scores.of_answers(draws.random((seeds, EXAMPLES)) < likely)


LABELS = np.arange(EXAMPLES) % CLASSES
# 20 classes of 100 examples, and 4 bands of confidence across them.
SLICES = by_class(LABELS, [str(index) for index in range(CLASSES)]) + by_confidence(
    np.random.default_rng(0).random(EXAMPLES)
)
BROKEN = np.where(LABELS == 7, 0.32, 0.02)


def names_called_out(slices: list[Slice], loss: Scores) -> list[str]:
    p = holm(p_values(excesses(loss, slices)))
    return [one.name for one, value in zip(slices, p, strict=True) if value <= ALPHA]


@pytest.mark.parametrize(("seeds", "rate"), [(1, 0.01), (3, 0.1)])
def test_of_equal_slices_none_is_called_out_in_95_of_100_splits(seeds: int, rate: float) -> None:
    draws = np.random.default_rng(seeds)
    quiet = 0
    for _ in range(SPLITS):
        teacher, student = answers(draws, seeds, rate)
        quiet += not names_called_out(SLICES, teacher - student)
    assert quiet >= 0.95 * SPLITS


def test_what_seeds_do_to_slices_by_chance_is_not_called_out_either() -> None:
    draws, quiet = np.random.default_rng(2), 0
    for _ in range(SPLITS // 2):
        # Each seed loses 4 to 16% of each class, at random.
        rates = draws.uniform(0.04, 0.16, (3, CLASSES))[:, LABELS]
        teacher, student = answers(draws, 3, rates)
        quiet += not names_called_out(SLICES, teacher - student)
    assert quiet >= 0.95 * SPLITS // 2


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_class_that_the_student_fails_is_called_out_in_95_of_100_splits(seeds: int) -> None:
    draws = np.random.default_rng(10 + seeds)
    called = 0
    for _ in range(SPLITS):
        teacher, student = answers(draws, seeds, BROKEN)
        called += "class 7" in names_called_out(SLICES, teacher - student)
    assert called >= 0.95 * SPLITS


def test_a_slice_that_is_harder_but_loses_no_more_is_quiet() -> None:
    # Teacher and student differ on 60% of the first band and on 4% of the rest, in both directions.
    draws, slices = np.random.default_rng(4), [Slice("hard", "confidence", np.arange(2000) < 200)]
    parts = np.where(slices[0].rows, 0.6, 0.04)
    quiet = 0
    for _ in range(SPLITS):
        signs = np.where(draws.random(EXAMPLES) < 0.5, 1.0, -1.0)
        loss = Scores.of_answers(signs * (draws.random(EXAMPLES) < parts))
        quiet += not names_called_out(slices, loss)
    assert quiet >= 0.95 * SPLITS


@pytest.fixture(scope="module")
def verdicts() -> SliceVerdicts:
    draws = np.random.default_rng(5)
    small = Slice("small", "condition", np.arange(EXAMPLES) < LEAST - 1)
    nothing = Slice("nothing", "condition", np.zeros(EXAMPLES, bool))
    most = Slice("most", "condition", np.arange(EXAMPLES) >= LEAST - 1)
    slices = [*SLICES, small, nothing, most]
    teacher, student = answers(draws, 3, BROKEN)
    return slice_verdicts(slices, teacher, student, student, "accuracy")


def test_the_broken_class_alone_is_called_out_with_its_numbers(verdicts: SliceVerdicts) -> None:
    assert [one.name for one in called_out(verdicts)] == ["class 7"]
    one = called_out(verdicts)[0]
    assert one.examples == 100
    assert one.means and one.judgement
    assert one.means.loss == pytest.approx(one.means.teacher - one.means.student)
    assert one.judgement.loss.value == pytest.approx(one.means.loss)
    # The teacher is right on 95% of the class; a third of that is lost.
    assert one.judgement.loss.low < 0.32 * 0.95 - 0.05 * 0.3 < one.judgement.loss.high
    rest = (verdicts.means.loss * EXAMPLES - one.means.loss * 100) / (EXAMPLES - 100)
    assert one.judgement.excess.value == pytest.approx(one.means.loss - rest)
    assert one.judgement.excess.is_above_zero
    assert one.judgement.p < 1e-4


def test_slices_of_too_few_examples_are_shown_and_not_judged(verdicts: SliceVerdicts) -> None:
    small, nothing, most = verdicts.slices[-3:]
    assert (small.examples, nothing.examples, most.examples) == (29, 0, 1971)
    assert small.means
    assert most.means
    assert nothing.means is None
    assert {one.judgement for one in (small, nothing, most)} == {None}
    assert all(one.judgement for one in verdicts.slices[:-3])


def test_slices_that_are_not_judged_do_not_count_among_those_looked_at(
    verdicts: SliceVerdicts,
) -> None:
    teacher, student = answers(np.random.default_rng(6), 1, BROKEN)
    small = [Slice("small", "class", np.arange(EXAMPLES) == row) for row in range(50)]
    plain, padded = (
        slice_verdicts(some, teacher, student, student, "accuracy")
        for some in (SLICES, SLICES + small)
    )
    assert padded.slices[: len(SLICES)] == plain.slices


def test_it_is_json_and_back(verdicts: SliceVerdicts) -> None:
    assert (
        read_slice_verdicts(json.loads(json.dumps(asdict(verdicts), allow_nan=False))) == verdicts
    )


def test_a_document_of_another_form_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"slices\.json: measure is malformed: .*--pipeline=evaluate"
    ):
        read_slice_verdicts({"measure": "colour"})


def test_of_nll_the_loss_is_what_the_student_has_more_of() -> None:
    draws = np.random.default_rng(7)
    teacher = draws.exponential(0.2, EXAMPLES)
    student = teacher + np.where(LABELS == 3, 0.5, 0.1)
    student += draws.normal(0, 0.2, EXAMPLES)
    scores = [Scores.of_answers(values) for values in (teacher, student + 0.1, student)]
    result = slice_verdicts(SLICES, *scores, "nll")
    assert [one.name for one in called_out(result)] == ["class 3"]
    # 0.1 on 19 classes and 0.5 on one: the mean is 0.12.
    assert result.loss.low < 0.12 < result.loss.high
    assert result.means.control == pytest.approx(result.means.student + 0.1)


def test_a_slice_on_which_all_lose_the_same_has_an_interval_all_the_same() -> None:
    values = np.zeros(EXAMPLES)
    values[-200:] = -1.0  # the student's loss on the rest
    rows = Slice("calm", "condition", np.arange(EXAMPLES) < 100)
    zeros = Scores.of_answers(np.zeros(EXAMPLES))
    one = slice_verdicts([rows], zeros, zeros, Scores.of_answers(values), "accuracy").slices[0]
    assert one.judgement
    # A share of 0.1 of all is lost: sqrt(0.1 * 0.9 / 100) * 1.96 = 0.0588.
    assert one.judgement.loss.high == pytest.approx(0.0588, abs=1e-4)
    assert one.judgement.loss.low == pytest.approx(-0.0588, abs=1e-4)


def test_equal_inputs_give_equal_numbers(verdicts: SliceVerdicts) -> None:
    teacher, student = answers(np.random.default_rng(5), 3, BROKEN)
    again = slice_verdicts(SLICES, teacher, student, student, "accuracy")
    assert again.means == verdicts.means
    assert again.loss == verdicts.loss
    assert [one.means for one in again.slices] == [one.means for one in verdicts.slices[:-3]]


def test_sequences_without_an_answer_are_shown_and_have_no_mean() -> None:
    lengths = np.array([0] * 3 + [2] * 97)
    scores = Scores.of_sequences(np.ones(194), lengths)
    silent = Slice("silent", "condition", lengths == 0)
    one = slice_verdicts([silent], scores, scores, scores, "nll").slices[0]
    assert (one.examples, one.means, one.judgement) == (3, None, None)


def test_a_slice_of_many_sequences_without_an_answer_is_not_judged() -> None:
    lengths = np.array([0] * 40 + [2] * 100)
    scores = Scores.of_sequences(np.ones(200), lengths)
    silent = Slice("silent", "condition", lengths == 0)
    loud = Slice("loud", "condition", lengths > 0)
    slices = slice_verdicts([silent, loud], scores, scores, scores, "nll").slices
    assert [(one.examples, one.judgement) for one in slices] == [(40, None), (100, None)]


def test_slices_and_scores_of_other_examples_are_refused() -> None:
    scores = Scores.of_answers(np.zeros(40))
    with pytest.raises(DataError, match="the slice a covers 39 examples, but 40 have scores"):
        slice_verdicts([Slice("a", "class", np.ones(39, bool))], scores, scores, scores, "accuracy")
    with pytest.raises(DataError, match="different examples"):
        slice_verdicts([], scores, Scores.of_answers(np.zeros(41)), scores, "accuracy")
