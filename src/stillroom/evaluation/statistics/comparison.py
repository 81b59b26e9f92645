"""Comparison: what teacher, control and student score in, which of them is better, and is it clear.

    {arm: Scores} ──compare──> Comparison: each arm's mean, the gain, the share of the gap

Scores are of something of which more is better: of right answers, or of log-likelihood.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, TEACHER
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate, estimate_of_share
from stillroom.evaluation.statistics.sample_size import examples_needed
from stillroom.evaluation.statistics.scores import Scores


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of every arm, and what may be said of their differences.

    Attributes:
        arms: the mean of each, over seeds and examples.
        of_seeds: the means of each arm's runs, by seed number.
        gain: of the student over its control, paired by example and seed.
        over_teacher: of the student over the teacher, paired by example.
        gap: of the teacher over the control, paired by example.
        ships: of the student that ships over the mean of its other seeds; None where there is none.
        closed: share of the gap from control to teacher that the student closed; None where there
            is no clear gap.
        kept: share of what all of the teachers' logits bring over the control that the student
            brings too; None where no student learnt from them, or they bring nothing clear.
        needed: examples that would show a gain as large as the one seen; None where no number
            would, or where it is clear.
    """

    arms: dict[str, Estimate]
    of_seeds: dict[str, list[float]]
    gain: Estimate
    over_teacher: Estimate
    gap: Estimate
    ships: Estimate | None
    closed: Estimate | None
    kept: Estimate | None
    needed: int | None


def compare(scores: Mapping[str, Scores]) -> Comparison:
    """Return what can be said of teacher, control, student and whatever other arms there are.

    Raises:
        DataError: they are of other examples, or of other numbers of seeds.
    """
    teacher, control, student = (scores[arm] for arm in (TEACHER, CONTROL, STUDENT))
    gained, gap = student - control, teacher - control
    whole = scores[FULL_LOGITS] - control if FULL_LOGITS in scores else None
    gain = estimate(gained)
    return Comparison(
        arms={arm: estimate(of_arm) for arm, of_arm in scores.items()},
        of_seeds={arm: of_arm.of_seeds.tolist() for arm, of_arm in scores.items()},
        gain=gain,
        over_teacher=estimate(student - teacher),
        gap=estimate(gap),
        ships=_ships(student),
        closed=_share(gained, gap),
        kept=None if whole is None else _share(gained, whole),
        needed=None if gain.is_clear else examples_needed(gained),
    )


def _ships(student: Scores) -> Estimate | None:
    """Return by how much the first seed is better than the mean of the others."""
    if student.seeds == 1:
        return None
    others = student.sums[1:].mean(axis=0, keepdims=True)
    return estimate(Scores(student.sums[:1] - others, student.counts))


def _share(part: Scores, whole: Scores) -> Estimate | None:
    """Return the share of a whole, or None where it is not clear that there is one."""
    return estimate_of_share(part, whole) if estimate(whole).is_above_zero else None
