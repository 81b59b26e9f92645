"""Coordinates: entries as three parallel list columns, and back.

    owner, id, value of each entry ──coordinate_columns──> ids, positions, values, by rising id
    table ──CoordinateRows──> distributions at T, entropy, log p of the hard labels

Reading checks that the columns fit each other: parallel lists have the same length, ids are below
the number of classes, and positions are within their row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.distributions import Doubles, Integers, SparseDistributions
from stillroom.softlabels.columns.encoding import Encoding
from stillroom.softlabels.columns.list_columns import Flat, flat, lists, offsets, require_bounds


@dataclass(frozen=True, slots=True)
class Coordinates:
    """The owner, id and value of each entry of all rows, in any order.

    Attributes:
        owners: [E], the position of each entry, counted over all rows.
        ids: [E].
        values: [E], in the type of their column.
    """

    owners: NDArray[np.int64]
    ids: NDArray[np.uint32]
    values: NDArray[np.generic]


def owners_of(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the owner of each entry, where `counts` says how many each position has."""
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts)


def coordinate_columns(entries: Coordinates, encoding: Encoding, value: str) -> dict[str, pa.Array]:
    """Return the three parallel lists, sorted by row, then id, then position.

    Args:
        entries: those of all rows.
        encoding: the shape of the rows.
        value: the name of the column with the values.
    """
    positions = encoding.positions
    row_of = np.repeat(np.arange(len(positions) - 1), np.diff(positions))[entries.owners]
    # lexsort over three keys would take five times as long as a sort by one combined key. The sort
    # is stable, because a stable sort is faster for entries that are already in runs.
    longest = int(np.diff(positions).max(initial=1))
    within_row = entries.owners - positions[row_of]
    key = (row_of * encoding.classes + entries.ids.astype(np.int64)) * longest + within_row
    order = np.argsort(key, kind="stable")
    bounds = offsets(np.bincount(row_of, minlength=len(positions) - 1))
    ids = entries.ids[order].astype(encoding.id_type.to_pandas_dtype())
    return {
        "ids": lists(ids, bounds),
        "positions": lists(within_row[order].astype(np.uint16), bounds),
        value: lists(entries.values[order], bounds),
    }


@dataclass(frozen=True)
class CoordinateRows:
    """The rows of a table with entries at coordinates, flattened into N positions.

    Attributes:
        table: with the columns ids, positions, entropy and log_p_label.
        classes: C.
        weights: returns the weight of each entry of these rows at a temperature.
    """

    table: pa.Table
    classes: int
    weights: "Callable[[CoordinateRows, float], Doubles]"

    @cached_property
    def positions(self) -> Integers:
        """The index at which each row's positions start, and the end: [rows + 1]."""
        return flat(self.table, "entropy").bounds

    @cached_property
    def entropy(self) -> Doubles:
        """[N], in nats, of the whole distributions at T = 1."""
        return flat(self.table, "entropy").values.astype(np.float64)

    @property
    def log_p_label(self) -> Doubles:
        """[N], log p of the hard labels at T = 1, NaN without a label."""
        return self.of_positions("log_p_label", 1)[:, 0]

    def distributions(self, temperature: float) -> SparseDistributions:
        """Return the N distributions at a temperature.

        Raises:
            SoftLabelError: the columns do not fit each other.
        """
        weights = self.weights(self, temperature)
        owners, ids = self.owners_and_ids
        return SparseDistributions(owners, ids, weights, int(self.positions[-1]), self.classes)

    def values(self, column: str) -> NDArray[np.generic]:
        """Return a column with one value for each entry, [E]."""
        return self._parallel(column, flat(self.table, "ids")).values

    def of_positions(self, column: str, width: int) -> Doubles:
        """Return a column with `width` values for each position, [N, width]."""
        values = flat(self.table, column)
        require_bounds(values, np.diff(self.positions) * width, column)
        return values.values.astype(np.float64).reshape(-1, width)

    @cached_property
    def owners_and_ids(self) -> tuple[Integers, Integers]:
        """The owner and the id of each entry.

        Raises:
            SoftLabelError: an entry lies beyond its row's positions, or an id beyond the classes.
        """
        ids = flat(self.table, "ids")
        positions = self._parallel("positions", ids)
        within_row = positions.values.astype(np.uint32)
        is_outside = within_row >= np.repeat(np.diff(self.positions).astype(np.uint32), ids.lengths)
        if is_outside.any():
            raise SoftLabelError(
                f"row {_row_of(ids, is_outside)}: an entry lies beyond the row's positions."
            )
        largest = ids.values.max(initial=0)
        if largest >= self.classes:
            raise SoftLabelError(
                f"row {_row_of(ids, ids.values == largest)}: id {largest} is not below "
                f"{self.classes}."
            )
        owners = np.repeat(self.positions[:-1], ids.lengths)
        owners += within_row
        return owners, ids.values.astype(np.int64)

    def _parallel(self, column: str, ids: Flat) -> Flat:
        values = flat(self.table, column)
        require_bounds(values, ids.lengths, column)
        return values


def _row_of(column: Flat, mask: NDArray[np.bool_]) -> int:
    """Return the row of the first entry for which the mask is true."""
    return int(np.searchsorted(column.bounds, mask.argmax(), side="right")) - 1
