"""Ragged arrays: flat values with counts in, one list per row out, and back.

    values [E], bounds [rows + 1] ──lists──> pyarrow list array [rows]
    list array ──flat──> values [E], bounds [rows + 1]

One level of lists at most: a row's list runs over all of its positions.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError

Integers = NDArray[np.int64]


def offsets(counts: NDArray[np.generic]) -> Integers:
    """Return where each run starts, and the end: [N + 1]."""
    ends = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=ends[1:])
    return ends


def lists(values: NDArray[np.generic], bounds: Integers) -> pa.ListArray:
    """Return a list array [rows] of non-null elements.

    Args:
        values: [E].
        bounds: [rows + 1], where each row's values start and end.

    Raises:
        SoftLabelError: there are more values than 32-bit offsets reach.
    """
    if bounds[-1] > np.iinfo(np.int32).max:
        raise SoftLabelError(
            f"a shard would hold {bounds[-1]:,} values in one column. Lower "
            "softlabels.rows_per_shard."
        )
    element = pa.field("element", pa.from_numpy_dtype(values.dtype), nullable=False)
    return pa.ListArray.from_arrays(
        pa.array(bounds.astype(np.int32)), pa.array(values), type=pa.list_(element)
    )


@dataclass(frozen=True, slots=True)
class Flat:
    """A list column as it lies in memory: values [E] and bounds [rows + 1]."""

    values: NDArray[np.generic]
    bounds: Integers

    @property
    def lengths(self) -> Integers:
        """How many values each row has."""
        return np.diff(self.bounds)


def flat(table: pa.Table, column: str) -> Flat:
    """Return a list column of a table, without copying where it is one chunk."""
    found = table[column].combine_chunks()
    if isinstance(found, pa.ChunkedArray):
        found = pa.concat_arrays(found.chunks) if found.num_chunks else found.type.wrap_array([])
    bounds = np.asarray(found.offsets).astype(np.int64)
    values = found.values.to_numpy(zero_copy_only=False)[bounds[0] : bounds[-1]]
    return Flat(values, bounds - bounds[0])


def require_bounds(found: Flat, expected: Integers, column: str) -> None:
    """Refuse a column whose lists are not as long as the counts beside it say.

    Raises:
        SoftLabelError: names the column and the first such row.
    """
    wrong = found.lengths != expected
    if wrong.any():
        row = int(np.argmax(wrong))
        raise SoftLabelError(
            f"row {row}: {column} holds {found.lengths[row]} values, and its counts say "
            f"{expected[row]}."
        )
