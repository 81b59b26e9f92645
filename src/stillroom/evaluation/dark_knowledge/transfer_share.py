"""Learnt: teacher's and student's answers in, how much of the dark knowledge the student has out.

What the teacher says of the wrong classes of an example is T_b, over the b other than its label.
What a student holds of that is measured as a regression is: by the part of the teacher's
information that its answers explain,

    available = Σ_b T_b ln(T_b / T · (C - 1))           T = Σ_b T_b
    explained = Σ_b T_b ln(q_b · (C - 1))               q = softmax over b of β ln s_b
    share     = Σ explained / Σ available               over the examples

which is 1 - KL(teacher ‖ student) / KL(teacher ‖ uniform) between the wrong classes, each example
weighted by the T that the teacher gives them. It is the non-target term of KL, as Zhao et al.
(2022), arXiv 2203.08679, decouple it, in the R² of Cameron and Windmeijer (1997), "An R-squared
measure of goodness of fit for some common nonlinear regression models". A student whose wrong
answers are the teacher's own has 1, one to which all wrong classes are alike 0.

β >= 0 is one number for each model, the best for it: an over-confident student that orders the
wrong classes as its teacher does has learnt what it had to; how sure it is, calibration judges.
It also keeps the share within 0 and 1. What a control has, no soft label taught it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.dark_knowledge.similarity import mean_soft_labels
from stillroom.evaluation.metrics import FLOOR
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate_of_share
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.validate_arrays import (
    Labels,
    checked_labels,
    checked_probabilities,
    require_same_shape,
)

Doubles = NDArray[np.float64]

# Beyond this power a student says of the wrong classes next to nothing.
LARGEST_POWER = 64.0
# Entries that a power is fitted on: enough for one number, and quick for 1,000 classes.
FITTED = 2**19
# Less than this, in nats of an example, is rounding.
LEAST_NATS = 1e-9


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of what there is to learn, over the draw of examples and seeds.

    Attributes:
        student: that the distilled student holds.
        control: that the same student holds without a teacher.
        taught: the difference of the two.
    """

    student: Estimate
    control: Estimate
    taught: Estimate


@dataclass(frozen=True, slots=True)
class Learnt:
    """How much of the dark knowledge was learnt.

    Attributes:
        nats: what the teacher says between the wrong classes of an example, on average.
        examples: of that, the shares; None where it is too little to have any.
        student_by_class, control_by_class: the same share of the mean soft labels of the classes;
            None likewise.
    """

    nats: float
    examples: Shares | None
    student_by_class: float | None
    control_by_class: float | None


def learnt(
    teacher: NDArray[Any], student: NDArray[Any], control: NDArray[Any], labels: NDArray[Any]
) -> Learnt:
    """Return how much of the teacher's dark knowledge student and control have.

    Args:
        teacher: [N, C], probabilities.
        student, control: [S, N, C], of the same examples by as many seeds.
        labels: [N], indices of the true classes.

    Raises:
        DataError: shapes that do not match, or values that are no distribution.
    """
    there = Scores.of_answers(available(teacher, labels)[None])
    by_student, by_control = (
        Scores.of_answers(np.stack([explained(one, teacher, labels) for one in models]))
        for models in (student, control)
    )
    return Learnt(
        nats=there.value,
        examples=_shares(by_student, by_control, there) if there.value > LEAST_NATS else None,
        student_by_class=_mean([share_by_class(one, teacher, labels) for one in student]),
        control_by_class=_mean([share_by_class(one, teacher, labels) for one in control]),
    )


def available(teacher: NDArray[Any], labels: NDArray[Any]) -> Doubles:
    """Return [N], in nats: what the teacher's [N, C] answers say between the wrong classes.

    Raises:
        DataError: see `learnt`.
    """
    rows, truth = _pair(teacher, labels)
    return _available(_wrong(rows, truth))


def explained(model: NDArray[Any], teacher: NDArray[Any], labels: NDArray[Any]) -> Doubles:
    """Return [N], in nats: how much of it the model's [N, C] answers hold; below 0, they mislead.

    Raises:
        DataError: see `learnt`.
    """
    rows, truth = _pair(model, labels)
    taught = checked_probabilities(teacher, "teacher's probabilities")
    require_same_shape(rows, taught)
    return _explained(_wrong(rows, truth), _wrong(taught, truth))


def share_by_class(
    model: NDArray[Any], teacher: NDArray[Any], labels: NDArray[Any]
) -> float | None:
    """Return the share of the teacher's mean soft labels that the model's hold, 0 to 1.

    The share of above, where the examples are the classes, each weighted by how many examples it
    has. None where the teacher's mean soft labels say nothing between the wrong classes.

    Raises:
        DataError: see `learnt`.
    """
    (rows, truth), (taught, _) = _pair(model, labels), _pair(teacher, labels)
    require_same_shape(rows, taught)
    counts = np.bincount(truth, minlength=rows.shape[1])
    known = np.flatnonzero(counts)
    means = [mean_soft_labels(of, truth)[known] for of in (rows, taught)]
    ours, theirs = (_wrong(mean, known) * counts[known, None] for mean in means)
    there = float(_available(theirs).sum())
    if there <= LEAST_NATS * len(truth):
        return None
    return float(_explained(ours, theirs).sum()) / there


def _shares(student: Scores, control: Scores, there: Scores) -> Shares | None:
    found = [estimate_of_share(part, there) for part in (student, control, student - control)]
    shares = [one for one in found if one is not None]
    return Shares(*shares) if len(shares) == len(found) else None


def _pair(probabilities: NDArray[Any], labels: NDArray[Any]) -> tuple[Doubles, Labels]:
    rows = checked_probabilities(probabilities, "probabilities")
    return rows, checked_labels(labels, rows.shape)


def _wrong(rows: Doubles, labels: Labels) -> Doubles:
    """Return [N, C - 1]: the answers without the one at the label."""
    others = np.ones(rows.shape, dtype=bool)
    others[np.arange(len(rows)), labels] = False
    return rows[others].reshape(len(rows), -1)


def _available(taught: Doubles) -> Doubles:
    """Return what [N, C - 1] say between them, each row at its own size."""
    total = taught.sum(axis=1, keepdims=True)
    even = total / taught.shape[1]
    ratio = np.divide(taught, even, out=np.ones_like(taught), where=taught > 0)
    return np.maximum(0.0, (taught * np.log(ratio)).sum(axis=1))


def _explained(ours: Doubles, taught: Doubles) -> Doubles:
    """Return what `ours` hold of what `taught` say; both [N, C - 1]."""
    logs = np.log(np.clip(ours, FLOOR, None))
    logs -= logs.max(axis=1, keepdims=True)
    total = taught.sum(axis=1)
    said = (taught * logs).sum(axis=1)
    power = _power(logs, total, said)
    return power * said - total * np.log(np.exp(power * logs).mean(axis=1))


def _power(logs: Doubles, total: Doubles, said: Doubles) -> float:
    """Return the β >= 0 that explains most, by the root of the derivative, which falls with β."""
    from scipy.optimize import brentq

    some = _heaviest(total, FITTED // logs.shape[1])
    logs, total, wanted = logs[some], total[some], float(said[some].sum())

    def missing(power: float) -> float:
        odds = np.exp(power * logs)
        means = (odds * logs).sum(axis=1) / odds.sum(axis=1)
        return wanted - float((total * means).sum())

    if missing(0.0) <= 0:
        return 0.0
    high = 1.0
    while missing(high) > 0:
        high *= 2
        if high > LARGEST_POWER:
            return LARGEST_POWER
    return float(brentq(missing, 0.0, high, xtol=1e-6))


def _heaviest(total: Doubles, count: int) -> NDArray[np.int64]:
    """Return the rows of the largest total, at most `count` and at least one, in order."""
    return np.sort(np.argsort(-total, kind="stable")[: max(1, count)])


def _mean(shares: list[float | None]) -> float | None:
    known = [share for share in shares if share is not None]
    return float(np.mean(known)) if known else None
