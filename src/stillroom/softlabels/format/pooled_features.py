"""Pooled features: a teacher's hidden state for each row or piece, stored in half precision.

WithFeatures(logits, features [n, D]) ──one vector per row──────> column `features` ──> RowFeatures
WithFeatures(…, pieces [n]) ──a vector per piece of each row──> and column `pieces` ──┘

A row that is a pack of conversations or of pieces of documents has a vector for each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.list_columns import Integers, flat, lists, offsets

COLUMN = "features"
PIECES = "pieces"
Halves = NDArray[np.float16]

Kept = Literal["none", "pooled", "pooled_pieces"]
NONE: Kept = "none"
POOLED: Kept = "pooled"  # one vector per row
OF_PIECES: Kept = "pooled_pieces"  # one vector per piece of a row


class WithFeatures(NamedTuple):
    """The answer of a member whose capture keeps features.

    Attributes:
        logits: [n, C] or [n, positions, C].
        features: [n, D], or [P, D] with the vectors of each row's pieces one after the other.
        pieces: [n], how many pieces each row has; None: one vector per row.
    """

    logits: Any
    features: Any
    pieces: Any = None


@dataclass(frozen=True, slots=True)
class RowFeatures:
    """The vectors of some rows.

    Attributes:
        vectors: [P, D], row after row.
        counts: [rows], how many vectors each row has.
    """

    vectors: Halves
    counts: Integers

    def rows(self, numbers: Sequence[int] | Integers) -> "RowFeatures":
        """Return the vectors of some rows, in the order of the numbers."""
        chosen = np.asarray(numbers, dtype=np.int64)
        counts = self.counts[chosen]
        first = offsets(self.counts)[chosen]  # where the vectors of each row start
        moved = np.repeat(first - offsets(counts)[:-1], counts)
        return RowFeatures(self.vectors[moved + np.arange(len(moved))], counts)

    @classmethod
    def stacked(cls, several: "Sequence[RowFeatures]") -> "RowFeatures":
        """Return the rows of several one after the other; there is at least one."""
        return cls(
            np.concatenate([one.vectors for one in several]),
            np.concatenate([one.counts for one in several]),
        )


def split(answer: Any) -> tuple[Any, RowFeatures | None]:
    """Return the logits of an answer, and its features in half precision, or None.

    Raises:
        SoftLabelError: see `half_precision`.
    """
    if isinstance(answer, WithFeatures):
        return answer.logits, half_precision(answer)
    return answer, None


def half_precision(answer: WithFeatures) -> RowFeatures:
    """Return the features of an answer, rounded to half precision.

    Raises:
        SoftLabelError: a value is too large for half precision, or is NaN.
    """
    import torch

    full = torch.as_tensor(answer.features).float().cpu()
    half = full.half()
    if not bool(half.isfinite().all()):
        raise SoftLabelError(
            f"the teacher's features reach {full.abs().max().item():.4g}, and half precision ends "
            "at 65504. Set softlabels.features=none."
        )
    counts = np.ones(len(full), dtype=np.int64)
    if answer.pieces is not None:
        counts = torch.as_tensor(answer.pieces).cpu().numpy().astype(np.int64)
    return RowFeatures(np.asarray(half.numpy()), counts)


def feature_columns(features: RowFeatures, kept: Kept) -> dict[str, pa.Array]:
    """Return the columns that hold the features of some rows."""
    width = features.vectors.shape[1]
    vectors = lists(features.vectors.ravel(), offsets(features.counts) * width)
    if kept != OF_PIECES:
        return {COLUMN: vectors}
    return {COLUMN: vectors, PIECES: pa.array(features.counts.astype(np.uint16))}


def features_of(table: pa.Table, kept: Kept) -> RowFeatures:
    """Return the features that a shard's table holds.

    Raises:
        SoftLabelError: its vectors differ in width, or hold NaN or infinity.
    """
    features = flat(table, COLUMN)
    counts = np.ones(table.num_rows, dtype=np.int64)
    if kept == OF_PIECES:
        counts = table[PIECES].to_numpy().astype(np.int64)
    widths = np.unique(features.lengths / np.maximum(counts, 1))
    if len(widths) > 1 or not float(widths.sum()).is_integer() or not counts.all():
        raise SoftLabelError(
            f"vectors hold {widths.min():g} to {widths.max():g} features, but all must hold one "
            "number."
        )
    vectors = features.values.reshape(int(counts.sum()), -1).astype(np.float16)
    if not np.isfinite(vectors).all():
        raise SoftLabelError("a row's features hold NaN or infinity.")
    return RowFeatures(vectors, counts)


def relative_distance(stored: RowFeatures, recaptured: RowFeatures) -> float:
    """Return the largest difference of two captures of some rows, divided by the largest value."""
    old, new = stored.vectors.astype(np.float64), recaptured.vectors.astype(np.float64)
    if old.shape != new.shape:
        return float("inf")
    size = np.abs(new).max(initial=1e-6)
    return float(np.abs(old - new).max(initial=0.0) / size)
