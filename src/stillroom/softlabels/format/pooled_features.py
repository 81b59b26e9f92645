"""Pooled features: a teacher's hidden state for each row, stored in half precision.

WithFeatures(logits, features [n, D]) ──one list per row──> column `features` ──> [rows, D]
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.list_columns import flat, lists

COLUMN = "features"
POOLED = "pooled"
Halves = NDArray[np.float16]


class WithFeatures(NamedTuple):
    """The answer of a member whose capture keeps features: logits and pooled features [n, D]."""

    logits: Any
    features: Any


def split(answer: Any) -> tuple[Any, Any | None]:
    """Return the logits of an answer, and its features or None."""
    return (answer.logits, answer.features) if isinstance(answer, WithFeatures) else (answer, None)


def half_precision(features: Any, answers: Sequence[int]) -> Halves:
    """Return each row's features [rows, D], rounded to half precision.

    Args:
        features: [n, D], on any device.
        answers: for each row, the index of its answer among the n.

    Raises:
        SoftLabelError: a value is too large for half precision, or is NaN.
    """
    import torch

    full = torch.as_tensor(features).float().cpu()[torch.tensor(answers, dtype=torch.int64)]
    half = full.half()
    if not bool(half.isfinite().all()):
        raise SoftLabelError(
            f"the teacher's features reach {full.abs().max().item():.4g}, and half precision ends "
            "at 65504. Set softlabels.features=none."
        )
    return np.asarray(half.numpy())


def column(features: Halves) -> pa.ListArray:
    """Return the column that holds features [rows, D]."""
    rows, width = features.shape
    return lists(features.ravel(), np.arange(rows + 1, dtype=np.int64) * width)


def features_of(table: pa.Table) -> Halves:
    """Return the features [rows, D] that a shard's table holds.

    Raises:
        SoftLabelError: its rows differ in width, or hold NaN or infinity.
    """
    features = flat(table, COLUMN)
    widths = np.unique(features.lengths)
    if len(widths) > 1:
        raise SoftLabelError(
            f"rows hold {widths.min()} to {widths.max()} features, but all must hold one number."
        )
    values = features.values.reshape(len(features.lengths), -1).astype(np.float16)
    if not np.isfinite(values).all():
        raise SoftLabelError("a row's features hold NaN or infinity.")
    return values


def relative_distance(stored: Halves, recaptured: Halves) -> float:
    """Return the largest difference of two captures of some rows, divided by the largest value."""
    old, new = stored.astype(np.float64), recaptured.astype(np.float64)
    if old.shape != new.shape:
        return float("inf")
    size = np.abs(new).max(initial=1e-6)
    return float(np.abs(old - new).max(initial=0.0) / size)
