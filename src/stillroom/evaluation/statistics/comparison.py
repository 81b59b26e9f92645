"""Comparison: what teacher, control and student score in, which of them is better, and is it clear.

    {arm: Scores} ──compare──> Comparison: each arm's mean, the gain, the share of the gap

Scores are of something of which more is better: of right answers, or of log-likelihood.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stillroom.evaluation.runs import CONTROL, STUDENT, TEACHER
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate, estimate_of_share
from stillroom.evaluation.statistics.needed import examples_needed
from stillroom.evaluation.statistics.scores import Scores


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of every arm, and what may be said of their differences.

    Attributes:
        arms: the mean of each, over seeds and examples.
        of_seeds: the means of each arm's runs, by seed number.
        gain: of the student over its control, paired by example and seed.
        over_teacher: of the student over the teacher, paired by example.
        closed: share of the gap from control to teacher that the student closed; None where there
            is no clear gap.
        needed: examples that would show a gain as large as the one seen; None where no number
            would, or where it is clear.
    """

    arms: dict[str, Estimate]
    of_seeds: dict[str, list[float]]
    gain: Estimate
    over_teacher: Estimate
    closed: Estimate | None
    needed: int | None


def compare(scores: Mapping[str, Scores]) -> Comparison:
    """Return what can be said of teacher, control, student and whatever other arms there are.

    Raises:
        DataError: they are of other examples, or of other numbers of seeds.
    """
    teacher, control, student = (scores[arm] for arm in (TEACHER, CONTROL, STUDENT))
    gained, gap = student - control, teacher - control
    gain = estimate(gained)
    return Comparison(
        arms={arm: estimate(of_arm) for arm, of_arm in scores.items()},
        of_seeds={arm: of_arm.of_seeds.tolist() for arm, of_arm in scores.items()},
        gain=gain,
        over_teacher=estimate(student - teacher),
        closed=estimate_of_share(gained, gap) if estimate(gap).is_above_zero else None,
        needed=None if gain.is_clear else examples_needed(gained),
    )
