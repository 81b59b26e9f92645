"""Pooled features: what a teacher holds of a row beside its answer, kept in half precision.

WithFeatures(logits, features [n, D]) ──one list a row──> column `features` ──> [rows, D]
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.list_columns import flat, lists

COLUMN = "features"
KEPT = "pooled"
# Of a teacher that is asked again: half precision keeps 11 bits, and another processor's sums
# differ in the last ones.
APART = 2e-2
Halves = NDArray[np.float16]


class WithFeatures(NamedTuple):
    """What a member yields whose capture keeps features: logits, and pooled features [n, D]."""

    logits: Any
    features: Any


def split(answer: Any) -> tuple[Any, Any | None]:
    """Return a member's logits, and the features beside them or None."""
    return (answer.logits, answer.features) if isinstance(answer, WithFeatures) else (answer, None)


def halved(features: Any, answers: Sequence[int]) -> Halves:
    """Return each row's features [rows, D], rounded to half precision.

    Args:
        features: [n, D], on any device.
        answers: for each row which of the n is its own.

    Raises:
        SoftLabelError: a value is beyond what half precision holds, or is no number.
    """
    import torch

    whole = torch.as_tensor(features).float().cpu()[torch.tensor(answers, dtype=torch.int64)]
    found = whole.half()
    if not bool(found.isfinite().all()):
        raise SoftLabelError(
            f"the teacher's features reach {whole.abs().max().item():.4g}, and half precision ends "
            "at 65504. Set softlabels.features=none."
        )
    return np.asarray(found.numpy())


def column(features: Halves) -> pa.ListArray:
    """Return the column that holds features [rows, D]."""
    rows, width = features.shape
    return lists(features.ravel(), np.arange(rows + 1, dtype=np.int64) * width)


def features_of(table: pa.Table) -> Halves:
    """Return the features [rows, D] that a shard's table holds.

    Raises:
        SoftLabelError: its rows differ in width, or hold no number.
    """
    found = flat(table, COLUMN)
    widths = np.unique(found.lengths)
    if len(widths) > 1:
        raise SoftLabelError(f"rows hold {widths.min()} to {widths.max()} features; all hold one D")
    values = found.values.reshape(len(found.lengths), -1).astype(np.float16)
    if not np.isfinite(values).all():
        raise SoftLabelError("a row's features hold NaN or infinity")
    return values


def apart(kept: Halves, again: Halves) -> float:
    """Return the largest difference between two captures of some rows, over their size."""
    ours, theirs = kept.astype(np.float64), again.astype(np.float64)
    if ours.shape != theirs.shape:
        return float("inf")
    size = np.abs(theirs).max(initial=1e-6)
    return float(np.abs(ours - theirs).max(initial=0.0) / size)
