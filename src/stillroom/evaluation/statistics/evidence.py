"""Evidence: what each arm's runs got on the test split in, everything that a verdict rests on out.

{arm: Marks} ──evidence──> Evidence ──to_json──> statistics.json ──from_json──> Evidence
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
class Marks:
    """What the runs of an arm got, answer by answer.

    Attributes:
        right: 1 where the first choice is the label, else 0.
        log_likelihood: log p(label), in nats.
        excess: confidence less right: above 0 on average, the model is surer than it may be.
        agrees: 1 where the first choice is the teacher's, else 0.
    """

    right: Scores
    log_likelihood: Scores
    excess: Scores
    agrees: Scores


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the test split says of teacher, control and student.

    Attributes:
        unit: what was drawn independently.
        seeds: pairs of student and control.
        examples: how many of the unit there are.
        answers: of each run; more than one to a sequence.
        accuracy, log_likelihood: the arms compared; more is better.
        overconfidence: of each arm, mean confidence less accuracy.
        nearer: how much more often the student agrees with the teacher than its control does.
        pairs: of each seed, student and control on the same rows; none of sequences, whose answers
            are no independent draws.
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
        """Whether a language model was asked, whose tokens are judged by their likelihood."""
        return self.unit == "sequence"

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: object) -> "Evidence":
        """Read what `to_json` wrote.

        Raises:
            DataError: it is something else.
        """
        return checked(cls, document, "statistics.json", "evaluate")


def evidence(marks: Mapping[str, Marks], unit: Drawn = "example") -> Evidence:
    """Return what can be said of the arms.

    Args:
        marks: of each arm.
        unit: what was drawn independently: of sequences, tokens are the answers.

    Raises:
        DataError: they are of other examples, or of other numbers of seeds.
    """
    student, control = marks[STUDENT].right, marks[CONTROL].right
    alone = unit == "example"
    return Evidence(
        unit=unit,
        seeds=student.seeds,
        examples=student.examples,
        answers=int(student.counts.sum()),
        accuracy=_of_shares(compare({arm: one.right for arm, one in marks.items()}), student),
        log_likelihood=compare({arm: one.log_likelihood for arm, one in marks.items()}),
        overconfidence={arm: estimate(one.excess) for arm, one in marks.items()},
        nearer=estimate(marks[STUDENT].agrees - marks[CONTROL].agrees),
        pairs=[mcnemar(*pair) for pair in zip(student.sums, control.sums, strict=True) if alone],
    )


def _of_shares(found: Comparison, scores: Scores) -> Comparison:
    """Return the comparison with intervals of the arms that no share can leave."""
    arms = {arm: within(one, scores.examples) for arm, one in found.arms.items()}
    return replace(found, arms=arms)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choices:
    """What the runs of an arm say, answer by answer; each [S, M].

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

    def marks(self, score: Callable[[NDArray[Any]], Scores] = Scores.of_answers) -> Marks:
        """Return the marks; `score` knows which answers belong to one example."""
        excess = self.confidence - self.right.astype(np.float64)
        return Marks(*map(score, (self.right, self.log_likelihood, excess, self.agrees)))
