"""Metrics: probabilities and labels in, one number per measure out.

    probabilities [N, C], labels [N], teacher's probabilities [N, C] ──> Quality

Everything is computed in float64 and in nats. Rows are examples. Their order does not matter, but
the same row must be the same example in each array.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.validate_arrays import (
    Labels,
    Probabilities,
    checked_labels,
    checked_probabilities,
    require_same_shape,
)

# A probability of zero would make the mean loss infinite because of one example. With this floor an
# example costs at most 27.6 nats.
FLOOR = 1e-12


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of one model's answers: shares from 0 to 1, nll and kl_to_teacher in nats."""

    accuracy: float
    nll: float
    ece: float
    brier: float
    agreement: float
    kl_to_teacher: float


def quality(
    probabilities: NDArray[Any], labels: NDArray[Any], teacher: NDArray[Any], bins: int
) -> Quality:
    """Return every measure of one model.

    Args:
        probabilities: [N, C], of the model.
        labels: [N], indices of the true classes.
        teacher: [N, C], the teacher's probabilities for the same examples.
        bins: the number of bins of the calibration error.

    Raises:
        DataError: shapes do not match, rows are no distributions, or a label is unknown.
    """
    return Quality(
        accuracy=accuracy(probabilities, labels),
        nll=nll(probabilities, labels),
        ece=ece(probabilities, labels, bins),
        brier=brier(probabilities, labels),
        agreement=agreement(probabilities, teacher),
        kl_to_teacher=kl_to_teacher(probabilities, teacher),
    )


def accuracy(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the share of [N, C] rows whose largest entry, the first if several, is at the label.

    Raises:
        DataError: see `quality`.
    """
    rows, truth = _pair(probabilities, labels)
    return float(np.mean(correct(rows, truth)))


def correct(probabilities: Probabilities, labels: Labels) -> NDArray[np.bool_]:
    """Return [N]: whether the largest entry of each [N, C] row is at the label."""
    answers: NDArray[np.bool_] = probabilities.argmax(axis=1) == labels
    return answers


def nll(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the mean of -log p(label), in nats, with p clipped from below at `FLOOR`.

    Raises:
        DataError: see `quality`.
    """
    rows, truth = _pair(probabilities, labels)
    likelihood = rows[np.arange(len(rows)), truth]
    return _not_negative(float(-np.log(np.clip(likelihood, FLOOR, 1.0)).mean()))


def ece(probabilities: NDArray[Any], labels: NDArray[Any], bins: int) -> float:
    """Return the expected calibration error, from 0 to 1.

    Σ_b n_b/N · |accuracy_b - confidence_b|, over bins of equal width of the top probability:
    Guo et al. (2017), "On Calibration of Modern Neural Networks", arXiv 1706.04599, eq. 3.

    Raises:
        DataError: see `quality`; or `bins` is below 1.
    """
    rows, truth = _pair(probabilities, labels)
    return ece_of(rows.max(axis=1), correct(rows, truth), bins)


def ece_of(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> float:
    """Return the same from the confidence and the correctness of each answer, [N] each.

    Raises:
        DataError: `bins` is below 1.
    """
    # |Σ correct - Σ confidence| / N is n_b/N · |accuracy_b - confidence_b|, without dividing by
    # the size of an empty bin.
    gaps = np.bincount(bin_of(confidence, bins), weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def brier(probabilities: NDArray[Any], labels: NDArray[Any]) -> float:
    """Return the mean of Σ_c (p_c - [c is the label])², from 0 to 2.

    Brier (1950), "Verification of Forecasts Expressed in Terms of Probability", eq. 2.

    Raises:
        DataError: see `quality`.
    """
    rows, truth = _pair(probabilities, labels)
    likelihood = rows[np.arange(len(rows)), truth]
    return _not_negative(float(((rows**2).sum(axis=1) - 2 * likelihood + 1).mean()))


def bin_of(confidence: Probabilities, bins: int) -> NDArray[np.int64]:
    """Return [N], the bin b of each confidence: (b/bins, (b+1)/bins], `bins` of equal width.

    Raises:
        DataError: `bins` is below 1.
    """
    if bins < 1:
        raise DataError(f"bins is {bins}; it must be at least 1.")
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def agreement(probabilities: NDArray[Any], teacher: NDArray[Any]) -> float:
    """Return the share of rows in which model and teacher have the same first choice.

    Stanton et al. (2021), "Does Knowledge Distillation Really Work?", arXiv 2106.05945.

    Raises:
        DataError: see `quality`.
    """
    rows, of_teacher = _twins(probabilities, teacher)
    return float(np.mean(rows.argmax(axis=1) == of_teacher.argmax(axis=1)))


def kl_to_teacher(probabilities: NDArray[Any], teacher: NDArray[Any]) -> float:
    """Return the mean of KL(teacher ‖ model) in nats, both clipped from below at `FLOOR`.

    A class to which the teacher gives no probability adds nothing, regardless of the model's.

    Raises:
        DataError: see `quality`.
    """
    rows, of_teacher = _twins(probabilities, teacher)
    return _not_negative(float(kl_of_rows(of_teacher, rows).mean()))


def kl_of_rows(teacher: Probabilities, model: Probabilities) -> NDArray[np.float64]:
    """Return KL(teacher ‖ model) of each row, [N]; both [N, C] must be checked distributions."""
    ratio = np.log(np.clip(teacher, FLOOR, None)) - np.log(np.clip(model, FLOOR, None))
    return np.asarray((teacher * ratio).sum(axis=1))


def _pair(probabilities: NDArray[Any], labels: NDArray[Any]) -> tuple[Probabilities, Labels]:
    rows = checked_probabilities(probabilities, "probabilities")
    return rows, checked_labels(labels, rows.shape)


def _twins(
    probabilities: NDArray[Any], teacher: NDArray[Any]
) -> tuple[Probabilities, Probabilities]:
    rows = checked_probabilities(probabilities, "probabilities")
    of_teacher = checked_probabilities(teacher, "teacher's probabilities")
    require_same_shape(rows, of_teacher)
    return rows, of_teacher


def _not_negative(value: float) -> float:
    # Rounding can give -1e-17 instead of zero, which would be -0.0 in JSON.
    return max(0.0, value)
