"""Metrics: probabilities and labels in, one number per measure out.

    probabilities [N, C], labels [N], teacher's probabilities [N, C] ──> Quality

All in float64 and in nats. Rows are examples; their order never matters, only their pairing.
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

# A probability of zero would make one example's loss infinite and drown all others; at this
# floor the worst that an example can cost is 27.6 nats.
FLOOR = 1e-12


@dataclass(frozen=True, slots=True)
class Quality:
    """How good one model's answers are. Shares are of one, nll and kl_to_teacher in nats."""

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
        probabilities: [N, C], the model's.
        labels: [N], indices of the true classes.
        teacher: [N, C], the teacher's probabilities of the same examples.
        bins: the number of bins of the calibration error.

    Raises:
        DataError: shapes that do not match, values that are no distribution, or unknown labels.
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
    """Return the share of [N, C] rows whose largest entry is at the label; ties: the first.

    Raises:
        DataError: see `quality`.
    """
    rows, truth = _pair(probabilities, labels)
    return float(np.mean(correct(rows, truth)))


def correct(probabilities: Probabilities, labels: Labels) -> NDArray[np.bool_]:
    """Return [N]: whether the largest of each [N, C] row is at its label."""
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
    """Return the expected calibration error, a share of one.

    Σ_b n_b/N · |accuracy_b - confidence_b|, over bins of equal width of the top probability:
    Guo et al. (2017), "On Calibration of Modern Neural Networks", arXiv 1706.04599, eq. 3.

    Raises:
        DataError: see `quality`; or fewer than one bin.
    """
    rows, truth = _pair(probabilities, labels)
    return ece_of(rows.max(axis=1), correct(rows, truth), bins)


def ece_of(confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int) -> float:
    """Return the same of answers of which only confidence and rightness, [N] each, are known.

    Raises:
        DataError: fewer than one bin.
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
    """Return [N]: which of `bins` equal bins (b/bins, (b+1)/bins] each confidence lies in.

    Raises:
        DataError: fewer than one bin.
    """
    if bins < 1:
        raise DataError(f"bins is {bins}; at least one is needed.")
    return np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)


def agreement(probabilities: NDArray[Any], teacher: NDArray[Any]) -> float:
    """Return the share of rows where the model's and the teacher's first choice are equal.

    Stanton et al. (2021), "Does Knowledge Distillation Really Work?", arXiv 2106.05945.

    Raises:
        DataError: see `quality`.
    """
    rows, taught = _twins(probabilities, teacher)
    return float(np.mean(rows.argmax(axis=1) == taught.argmax(axis=1)))


def kl_to_teacher(probabilities: NDArray[Any], teacher: NDArray[Any]) -> float:
    """Return the mean of KL(teacher ‖ model) in nats, both clipped from below at `FLOOR`.

    What the teacher gives no probability counts nothing, whatever the model says there.

    Raises:
        DataError: see `quality`.
    """
    rows, taught = _twins(probabilities, teacher)
    return _not_negative(float(kl_of_rows(taught, rows).mean()))


def kl_of_rows(teacher: Probabilities, model: Probabilities) -> NDArray[np.float64]:
    """Return KL(teacher ‖ model) of each row, [N], of distributions [N, C] that were checked."""
    ratio = np.log(np.clip(teacher, FLOOR, None)) - np.log(np.clip(model, FLOOR, None))
    return np.asarray((teacher * ratio).sum(axis=1))


def _pair(probabilities: NDArray[Any], labels: NDArray[Any]) -> tuple[Probabilities, Labels]:
    rows = checked_probabilities(probabilities, "probabilities")
    return rows, checked_labels(labels, rows.shape)


def _twins(
    probabilities: NDArray[Any], teacher: NDArray[Any]
) -> tuple[Probabilities, Probabilities]:
    rows = checked_probabilities(probabilities, "probabilities")
    taught = checked_probabilities(teacher, "teacher's probabilities")
    require_same_shape(rows, taught)
    return rows, taught


def _not_negative(value: float) -> float:
    # Rounding leaves -1e-17 where zero is meant, which JSON would write as -0.0.
    return max(0.0, value)
