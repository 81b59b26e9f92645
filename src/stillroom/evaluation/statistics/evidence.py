"""Evidence: the scores of each arm on the test split in, the numbers behind a verdict out.

{arm: ArmScores} ──evidence──> Evidence ──to_json──> statistics.json ──from_json──> Evidence
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate
from stillroom.evaluation.statistics.comparison import Comparison, compare
from stillroom.evaluation.statistics.mcnemar import McNemar, mcnemar
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.wilson import within
from stillroom.io.json.validated_json import checked

Drawn = Literal["example", "sequence"]


@dataclass(frozen=True, slots=True)
class ArmScores:
    """The scores of an arm's runs, answer by answer.

    Attributes:
        right: 1 if the first choice is the label, else 0.
        log_likelihood: log p(label), in nats.
        excess: confidence minus `right`; a mean above 0 means over-confidence.
        agrees: 1 if the first choice is the teacher's, else 0.
    """

    right: Scores
    log_likelihood: Scores
    excess: Scores
    agrees: Scores


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the test split shows about teacher, control and student.

    Attributes:
        unit: the unit that was drawn independently.
        seeds: the number of pairs of student and control.
        examples: the number of units.
        answers: the number of answers of each run; a sequence has several.
        accuracy, log_likelihood: the comparison of the arms; more is better.
        overconfidence: mean confidence minus accuracy, of each arm.
        nearer: how much more often the student agrees with the teacher than its control does.
        pairs: McNemar's test of student and control for each seed; empty for sequences, whose
            answers are not drawn independently.
    """

    unit: Drawn
    seeds: int
    examples: int
    answers: int
    accuracy: Comparison
    log_likelihood: Comparison
    overconfidence: dict[str, Estimate]
    nearer: Estimate
    pairs: list[McNemar]

    @property
    def of_sequences(self) -> bool:
        """Whether the models are language models, whose tokens are scored by likelihood."""
        return self.unit == "sequence"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: object) -> "Evidence":
        """Read what `to_json` wrote.

        Raises:
            DataError: the document has another form.
        """
        return checked(cls, document, "statistics.json", "evaluate")


def evidence(scores: Mapping[str, ArmScores], unit: Drawn = "example") -> Evidence:
    """Return the evidence on the arms.

    Args:
        scores: the scores of each arm.
        unit: the unit that was drawn independently; the answers of a sequence are its tokens.

    Raises:
        DataError: the arms differ in their examples or in their numbers of seeds.
    """
    student, control = scores[STUDENT].right, scores[CONTROL].right
    is_single = unit == "example"  # one answer per example, as McNemar's test needs
    return Evidence(
        unit=unit,
        seeds=student.seeds,
        examples=student.examples,
        answers=int(student.counts.sum()),
        accuracy=_of_shares(compare({arm: one.right for arm, one in scores.items()}), student),
        log_likelihood=compare({arm: one.log_likelihood for arm, one in scores.items()}),
        overconfidence={arm: estimate(one.excess) for arm, one in scores.items()},
        nearer=estimate(scores[STUDENT].agrees - scores[CONTROL].agrees),
        pairs=[
            mcnemar(*pair) for pair in zip(student.sums, control.sums, strict=True) if is_single
        ],
    )


def _of_shares(comparison: Comparison, scores: Scores) -> Comparison:
    """Return the comparison with the intervals of the arms limited to 0 and 1."""
    arms = {arm: within(mean, scores.examples) for arm, mean in comparison.arms.items()}
    return replace(comparison, arms=arms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """The answers of an arm's runs, each [S, M].

    Attributes:
        right: whether the first choice is the label.
        log_likelihood: log p(label), in nats.
        confidence: the probability of the first choice.
        agrees: whether the first choice is the teacher's.
    """

    right: NDArray[Any]
    log_likelihood: NDArray[Any]
    confidence: NDArray[Any]
    agrees: NDArray[Any]

    def arm_scores(self, score: Callable[[NDArray[Any]], Scores] = Scores.of_answers) -> ArmScores:
        """Return the scores; `score` knows which answers belong to one example."""
        excess = self.confidence - self.right.astype(np.float64)
        return ArmScores(*map(score, (self.right, self.log_likelihood, excess, self.agrees)))
