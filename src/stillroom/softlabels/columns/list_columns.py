"""List columns: convert flat values and their bounds to one list per row, and back.

    values [E], bounds [rows + 1] ──lists──> pyarrow list array [rows]
    list array ──flat──> values [E], bounds [rows + 1]

There is at most one level of lists: a row's list covers all its positions.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError

Integers = NDArray[np.int64]


def offsets(counts: NDArray[np.generic]) -> Integers:
    """Return the index at which each run starts, and the end: [N + 1]."""
    ends = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=ends[1:])
    return ends


def lists(values: NDArray[np.generic], bounds: Integers) -> pa.ListArray:
    """Return a list array [rows] of non-null elements.

    Args:
        values: [E].
        bounds: [rows + 1], the indices at which each row's values start and end.

    Raises:
        SoftLabelError: there are too many values for 32-bit offsets.
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
    """A list column as flat arrays: values [E] and bounds [rows + 1]."""

    values: NDArray[np.generic]
    bounds: Integers

    @property
    def lengths(self) -> Integers:
        """The number of values of each row."""
        return np.diff(self.bounds)


def flat(table: pa.Table, column: str) -> Flat:
    """Return a list column of a table as flat arrays; a column of one chunk is not copied."""
    array = table[column].combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else array.type.wrap_array([])
    # Arrow's own conversion imports pandas where it is installed, which takes 0.3 s.
    bounds = np.from_dlpack(array.offsets).astype(np.int64)
    values = np.from_dlpack(array.values)[bounds[0] : bounds[-1]]
    return Flat(values, bounds - bounds[0])


def require_bounds(values: Flat, expected: Integers, column: str) -> None:
    """Refuse a column whose lists do not have the expected lengths.

    Raises:
        SoftLabelError: the error names the column and the first wrong row.
    """
    is_wrong = values.lengths != expected
    if is_wrong.any():
        row = int(np.argmax(is_wrong))
        raise SoftLabelError(
            f"row {row}: {column} holds {values.lengths[row]} values, but must hold "
            f"{expected[row]}."
        )
