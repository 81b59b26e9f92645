"""Turn measures: the scores of each position in; the quality by the turn of a conversation out.

    TokenPredictions ──positions of turn 1, 2, 3, 4, 5 and later──> metrics, TurnEvidence

The later a turn is, the longer is what a model has read before it. Intervals are of sequences, as
everywhere: the positions of a turn are paired by sequence between the models.
"""

from collections.abc import Iterator
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.assess.findings.measure_tokens import TokenPredictions
from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.evaluation.metrics import ece_of
from stillroom.evaluation.statistics.bootstrap import estimate
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.statistics.turns_evidence import (
    LAST,
    TurnEvidence,
    TurnQuality,
    TurnsEvidence,
)
from stillroom.evaluation.wilson import within
from stillroom.io.json.number_groups import GroupedNumbers

FEWEST = 2  # sequences with such a turn

Positions = NDArray[np.bool_]


def turns_evidence(answers: TokenPredictions, bins: int) -> TurnsEvidence | None:
    """Return the quality by turn; None if the texts are no conversations.

    Args:
        answers: the scores on the test split.
        bins: the number of bins of the calibration error.
    """
    if answers.turns is None:
        return None
    return TurnsEvidence([_evidence(answers, turn, at, bins) for turn, at in _turns(answers)])


def turn_metrics(answers: TokenPredictions, bins: int) -> GroupedNumbers:
    """Return the means of each arm and turn, for metrics.json: `student_turn_2` and so on."""
    return {
        f"{arm}_turn_{turn}": {
            "nll": fmean(float(run.nll[at].mean()) for run in runs),
            "agreement": float(answers.choices(arm).agrees[:, at].mean()),
            "kl_to_teacher": fmean(float(run.kl[at].mean()) for run in runs),
            "ece": _ece(answers, arm, at, bins),
        }
        for turn, at in _turns(answers)
        for arm, runs in answers.arms.items()
    }


def _turns(answers: TokenPredictions) -> Iterator[tuple[int, Positions]]:
    """Yield each turn with its positions; none if there is only one turn."""
    if answers.turns is None:
        return
    capped = np.minimum(answers.turns, LAST)
    numbers = np.unique(capped)
    for turn in numbers if len(numbers) > 1 else ():
        at = capped == turn
        if int((_lengths(answers, at) > 0).sum()) >= FEWEST:
            yield int(turn), at


def _lengths(answers: TokenPredictions, at: Positions) -> NDArray[np.int64]:
    """Return [N]: how many of the positions each sequence has."""
    owners = np.repeat(np.arange(len(answers.lengths)), answers.lengths)
    return np.bincount(owners[at], minlength=len(answers.lengths))


def _evidence(answers: TokenPredictions, turn: int, at: Positions, bins: int) -> TurnEvidence:
    lengths = _lengths(answers, at)
    some = lengths > 0

    def scored(values: NDArray[Any]) -> Scores:
        return Scores.of_sequences(values[:, at], lengths).some(some)

    nll = {arm: scored(np.stack([run.nll for run in runs])) for arm, runs in answers.arms.items()}
    arms = {}
    for arm, runs in answers.arms.items():
        scores = answers.choices(arm).arm_scores(scored)
        arms[arm] = TurnQuality(
            nll=estimate(nll[arm]),
            agreement=within(estimate(scores.agrees), scores.agrees.examples),
            kl_to_teacher=estimate(scored(np.stack([run.kl for run in runs]))),
            overconfidence=estimate(scores.excess),
            ece=_ece(answers, arm, at, bins),
        )
    return TurnEvidence(
        turn=turn,
        name=f"{turn} and later" if turn == LAST else str(turn),
        tokens=int(at.sum()),
        sequences=int(some.sum()),
        arms=arms,
        gain=estimate(nll[CONTROL] - nll[STUDENT]),
    )


def _ece(answers: TokenPredictions, arm: str, at: Positions, bins: int) -> float:
    choices = answers.choices(arm)
    runs = zip(choices.confidence[:, at], choices.right[:, at], strict=True)
    return fmean(ece_of(confidence, right, bins) for confidence, right in runs)
