"""Transfer share: how much of the teacher's dark knowledge a student has.

T_b is the teacher's probability of a wrong class b of an example. The student's share of that
knowledge is measured as in a regression: the part of the teacher's information that the student's
answers explain,

    available = Σ_b T_b ln(T_b / T · (C - 1))           T = Σ_b T_b
    explained = Σ_b T_b ln(q_b · (C - 1))               q = softmax over b of β ln s_b
    share     = Σ explained / Σ available               over the examples

which is 1 - KL(teacher ‖ student) / KL(teacher ‖ uniform) between the wrong classes, each example
weighted by the T that the teacher gives them. It is the non-target term of KL, as Zhao et al.
(2022), arXiv 2203.08679, decouple it, in the R² of Cameron and Windmeijer (1997), "An R-squared
measure of goodness of fit for some common nonlinear regression models". The share is 1 if the
student distinguishes the wrong classes as the teacher does, and 0 if it finds all of them equally
likely.

β >= 0 is the number that maximises the share, one for each model. An over-confident student that
orders the wrong classes as its teacher does has learned the knowledge; calibration measures its
confidence. β also keeps the share between 0 and 1. A control learns its share without soft labels.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.dark_knowledge.similarity import mean_soft_labels
from stillroom.evaluation.metrics import FLOOR
from stillroom.evaluation.statistics.bootstrap import Estimate, estimate_of_share
from stillroom.evaluation.statistics.scores import Doubles, Scores
from stillroom.evaluation.validate_arrays import (
    Labels,
    checked_labels,
    checked_probabilities,
    require_same_shape,
)

# A student that needs a larger power has almost no information about the wrong classes.
LARGEST_POWER = 64.0
# The power is fitted to this many entries: enough for one number, and fast for 1,000 classes.
FITTED = 2**19
# Less than this, in nats per example, is a rounding error.
LEAST_NATS = 1e-9


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the dark knowledge, with intervals over the draw of examples and seeds.

    Attributes:
        student: the share of the distilled student.
        control: the share of the same student without a teacher.
        taught: the difference of both.
    """

    student: Estimate
    control: Estimate
    taught: Estimate


@dataclass(frozen=True, slots=True)
class TransferShare:
    """The share of the dark knowledge that student and control have.

    Attributes:
        nats: the teacher's information about the wrong classes of an example, on average.
        examples: the shares of it; None if there is too little information.
        student_by_class, control_by_class: the same share of the mean soft labels of the classes;
            None likewise.
    """

    nats: float
    examples: Shares | None
    student_by_class: float | None
    control_by_class: float | None


def transfer_share(
    teacher: NDArray[Any], student: NDArray[Any], control: NDArray[Any], labels: NDArray[Any]
) -> TransferShare:
    """Return the share of the teacher's dark knowledge that student and control have.

    Args:
        teacher: [N, C], the teacher's probabilities.
        student, control: [S, N, C], the same for both, on the same examples and with S seeds each.
        labels: [N], indices of the true classes.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    information = Scores.of_answers(available(teacher, labels)[None])
    by_student, by_control = (
        Scores.of_answers(np.stack([explained(one, teacher, labels) for one in models]))
        for models in (student, control)
    )
    return TransferShare(
        nats=information.value,
        examples=_shares(by_student, by_control, information)
        if information.value > LEAST_NATS
        else None,
        student_by_class=_mean([share_by_class(one, teacher, labels) for one in student]),
        control_by_class=_mean([share_by_class(one, teacher, labels) for one in control]),
    )


def available(teacher: NDArray[Any], labels: NDArray[Any]) -> Doubles:
    """Return [N], in nats: the information of the teacher's [N, C] about the wrong classes.

    Raises:
        DataError: see `transfer_share`.
    """
    rows, truth = _pair(teacher, labels)
    return _available(_wrong(rows, truth))


def explained(model: NDArray[Any], teacher: NDArray[Any], labels: NDArray[Any]) -> Doubles:
    """Return [N], in nats: how much of that information the model's [N, C] explain.

    A number below 0 means that they mislead.

    Raises:
        DataError: see `transfer_share`.
    """
    rows, truth = _pair(model, labels)
    of_teacher = checked_probabilities(teacher, "teacher's probabilities")
    require_same_shape(rows, of_teacher)
    return _explained(_wrong(rows, truth), _wrong(of_teacher, truth))


def share_by_class(
    model: NDArray[Any], teacher: NDArray[Any], labels: NDArray[Any]
) -> float | None:
    """Return the share of the teacher's mean soft labels that the model's explain, 0 to 1.

    This is the share of the module, with a class in place of an example, weighted by its number of
    examples. None if the teacher's mean soft labels do not distinguish the wrong classes.

    Raises:
        DataError: see `transfer_share`.
    """
    (rows, truth), (of_teacher, _) = _pair(model, labels), _pair(teacher, labels)
    require_same_shape(rows, of_teacher)
    counts = np.bincount(truth, minlength=rows.shape[1])
    present = np.flatnonzero(counts)
    means = [mean_soft_labels(of, truth)[present] for of in (rows, of_teacher)]
    of_model, of_classes = (_wrong(mean, present) * counts[present, None] for mean in means)
    total = float(_available(of_classes).sum())
    if total <= LEAST_NATS * len(truth):
        return None
    return float(_explained(of_model, of_classes).sum()) / total


def _shares(student: Scores, control: Scores, information: Scores) -> Shares | None:
    explained_by = (student, control, student - control)
    estimates = [estimate_of_share(scores, information) for scores in explained_by]
    shares = [share for share in estimates if share is not None]
    return Shares(*shares) if len(shares) == len(estimates) else None


def _pair(probabilities: NDArray[Any], labels: NDArray[Any]) -> tuple[Doubles, Labels]:
    rows = checked_probabilities(probabilities, "probabilities")
    return rows, checked_labels(labels, rows.shape)


def _wrong(rows: Doubles, labels: Labels) -> Doubles:
    """Return [N, C - 1]: the probabilities of the wrong classes."""
    others = np.ones(rows.shape, dtype=bool)
    others[np.arange(len(rows)), labels] = False
    return rows[others].reshape(len(rows), -1)


def _available(of_teacher: Doubles) -> Doubles:
    """Return the information of each row of [N, C - 1] about its entries, weighted by its sum."""
    total = of_teacher.sum(axis=1, keepdims=True)
    even = total / of_teacher.shape[1]
    ratio = np.divide(of_teacher, even, out=np.ones_like(of_teacher), where=of_teacher > 0)
    return np.maximum(0.0, (of_teacher * np.log(ratio)).sum(axis=1))


def _explained(of_model: Doubles, of_teacher: Doubles) -> Doubles:
    """Return how much of the information in `of_teacher` the other explains; both [N, C - 1]."""
    from scipy.special import logsumexp

    logs = np.log(np.clip(of_model, FLOOR, None))
    total = of_teacher.sum(axis=1)
    cross = (of_teacher * logs).sum(axis=1)
    power = _power(logs, total, cross)
    log_mean = logsumexp(power * logs, axis=1) - np.log(logs.shape[1])
    return np.asarray(power * cross - total * log_mean)


def _power(logs: Doubles, total: Doubles, cross: Doubles) -> float:
    """Return the β >= 0 with the largest share: the root of the derivative, which falls with β."""
    from scipy.optimize import brentq
    from scipy.special import softmax

    some = _heaviest(total, FITTED // logs.shape[1])
    logs, total, target = logs[some], total[some], float(cross[some].sum())

    def missing(power: float) -> float:
        means = (softmax(power * logs, axis=1) * logs).sum(axis=1)
        return target - float((total * means).sum())

    if missing(0.0) <= 0:
        return 0.0
    high = 1.0
    while missing(high) > 0:
        high *= 2
        if high > LARGEST_POWER:
            return LARGEST_POWER
    return float(brentq(missing, 0.0, high, xtol=1e-6))


def _heaviest(total: Doubles, count: int) -> NDArray[np.int64]:
    """Return the rows with the largest total, at most `count` and at least one, in order."""
    return np.sort(np.argsort(-total, kind="stable")[: max(1, count)])


def _mean(shares: list[float | None]) -> float | None:
    defined = [share for share in shares if share is not None]
    return float(np.mean(defined)) if defined else None
