"""Comparison: the scores of teacher, control and student in, estimates of their differences out.

    {arm: Scores} ──compare──> Comparison: each arm's mean, the gain, the share of the gap

For every score a higher value is better: right answers, or log-likelihood.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, TEACHER
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate, estimate_of_share
from stillroom.evaluation.statistics.sample_size import examples_needed
from stillroom.evaluation.statistics.scores import Scores


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure of every arm, and the differences between the arms.

    Attributes:
        arms: the mean of each arm, over seeds and examples.
        of_seeds: the means of each arm's runs, by seed number.
        gain: student minus control, paired by example and seed.
        over_teacher: student minus teacher, paired by example.
        gap: teacher minus control, paired by example.
        ships: the student that ships minus the mean of its other seeds; None if there is one seed.
        closed: the share of the gap from control to teacher that the student closed; None if
            there is no clear gap.
        kept: the student's gain as a share of the gain from the teachers' full logits; None if no
            student learned from full logits, or if they bring no clear gain.
        needed: how many examples would show a gain as large as the observed one; None if no number
            would, or if the gain is clear.
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
    """Return the comparison of teacher, control, student and all other arms.

    Raises:
        DataError: the arms have different examples, or different numbers of seeds.
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
    """Return the first seed minus the mean of the others."""
    if student.seeds == 1:
        return None
    others = student.sums[1:].mean(axis=0, keepdims=True)
    return estimate(Scores(student.sums[:1] - others, student.counts))


def _share(part: Scores, whole: Scores) -> Estimate | None:
    """Return part / whole, or None if the whole is not clearly above zero."""
    return estimate_of_share(part, whole) if estimate(whole).is_above_zero else None
