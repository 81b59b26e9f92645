"""Answer evidence: which answers of each model are right in; shares, tests and examples out.

    right [prompts] of each arm ──answer_evidence──> AnswerEvidence ──to_json──> answers.json

The models answer the same prompts, so that their differences are paired by prompt. They are those
of the first seed, which ships: the intervals allow for the draw of prompts, not of seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from stillroom.evaluation.arms import CONTROL, STUDENT, TEACHER
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate
from stillroom.evaluation.statistics.mcnemar import McNemar, mcnemar
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.wilson import wilson, within
from stillroom.io.json.validated_json import checked

SHOWN = 8  # prompts on the page


@dataclass(frozen=True)
class Answered:
    """A prompt with its answers.

    Attributes:
        prompt: the end of the prompt.
        reference: what the answers are checked against.
        answers: of each model.
        right: whether each is right.
    """

    prompt: str
    reference: str
    answers: dict[str, str]
    right: dict[str, bool]


@dataclass(frozen=True)
class AnswerEvidence:
    """What answers to held-out prompts show.

    Attributes:
        rule, words: the name of the rule, and what is right by it.
        prompts: how many prompts were asked.
        max_tokens: the largest number of tokens of an answer.
        left_out: how many prompts were not asked, by the reason.
        right: the share of right answers of each model.
        gain: student minus control.
        over_teacher: student minus teacher; None if the teacher cannot generate.
        pairs: McNemar's test of student and control, an exact sign test of the prompts on which
            only one of them is right.
        shown: some prompts with all answers.
    """

    rule: str
    words: str
    prompts: int
    max_tokens: int
    left_out: dict[str, int]
    right: dict[str, Estimate]
    gain: Estimate
    over_teacher: Estimate | None
    pairs: McNemar
    shown: list[Answered]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: object) -> "AnswerEvidence":
        """Read what `to_json` wrote.

        Raises:
            DataError: the document has another form.
        """
        return checked(cls, document, "answers.json", "evaluate")


def shares_right(right: Mapping[str, NDArray[np.bool_]]) -> dict[str, Any]:
    """Return `right`, `gain`, `over_teacher` and `pairs` of an `AnswerEvidence`.

    Args:
        right: of each model, for the same prompts [N]; control and student are among them.
    """
    scores = {name: Scores.of_answers(values) for name, values in right.items()}
    shares = {name: within(estimate(one), one.examples) for name, one in scores.items()}
    teacher = scores.get(TEACHER)
    return {
        "right": shares,
        "gain": _difference(scores[STUDENT] - scores[CONTROL]),
        "over_teacher": None if teacher is None else _difference(scores[STUDENT] - teacher),
        "pairs": mcnemar(right[STUDENT], right[CONTROL]),
    }


def _difference(scores: Scores) -> Estimate:
    """Return a difference of shares with its interval.

    If two models are right on the same prompts, every bootstrap sample is 0 and the interval would
    be empty. Then it is as wide as that of a share of 0 by Wilson.
    """
    mean = estimate(scores)
    if mean.low < mean.high:
        return mean
    margin = wilson(0, scores.examples)[1]
    return Estimate(mean.value, max(-1.0, mean.value - margin), min(1.0, mean.value + margin))


def shown_rows(right: Mapping[str, NDArray[np.bool_]], most: int = SHOWN) -> list[int]:
    """Return some prompts, of each combination of right and wrong answers the same number.

    They are in their order, and the first ones of each combination.
    """
    by_outcome: dict[tuple[bool, ...], list[int]] = {}
    for row, outcome in enumerate(zip(*right.values(), strict=True)):
        by_outcome.setdefault(tuple(map(bool, outcome)), []).append(row)
    ranked = [(at, row) for rows in by_outcome.values() for at, row in enumerate(rows)]
    return sorted(row for _, row in sorted(ranked)[:most])


def rows_at(values: Mapping[str, Sequence[Any]], row: int) -> dict[str, Any]:
    """Return the value of each model at a row."""
    return {name: of_model[row] for name, of_model in values.items()}
