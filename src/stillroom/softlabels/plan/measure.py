"""Weighing: teachers' answers to a sample and a sparsifier in, its bytes and what is read back out.

    logits ──sparsify, encode, to_bytes──> bytes per row
                          └──decode, combine──> Distributions, one per draw

The codec itself is what is weighed, so rounding and compression are in every number.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.capture import NO_LABEL
from stillroom.softlabels.capture.pilot import Pilot
from stillroom.softlabels.capture.solve_threshold import Teacher, ThresholdRequest, Wanted
from stillroom.softlabels.capture.sparsify_rows import sparse
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.combination import Combination, require_combinable
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.distributions import Distributions
from stillroom.softlabels.format.encode import encode_rows
from stillroom.softlabels.format.list_columns import flat, offsets
from stillroom.softlabels.format.pooled_features import KEPT, Halves
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.format.shard import to_bytes
from stillroom.softlabels.reading.ensemble_mean import combined
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
    Unbiased,
)

# Draws over which the errors of an unbiased sparsifier are averaged.
DRAWS = 4


@dataclass(frozen=True, slots=True)
class Answered:
    """A teacher's answers to the sample: logits [N, C] of all positions of n rows, row after row.

    Where its captures keep features, [n, D] of them too.
    """

    teacher: Teacher
    rows: tuple[Row, ...]
    logits: NDArray[np.float32]
    features: Halves | None = None

    def pilot(self, temperature: float) -> Pilot:
        """Return what the answers say of every tau."""
        pilot = Pilot()
        pilot.see(self.logits, temperature)
        return pilot

    def layout(self, kind: Sparsifier) -> Layout:
        """Return the columns of a shard."""
        return Layout(kind, self.teacher.classes, "none" if self.features is None else KEPT)

    def table(self, kind: Sparsifier, draw: int) -> pa.Table:
        """Return what a shard of the sample would hold, in one draw of the sparsifier."""
        capture = self.teacher.keeping(kind).capture
        rows = [replace(row, draw=draw) for row in self.rows]
        if isinstance(kind, Full):  # whose rows are kept without labels, as the capture does it
            rows = [replace(row, labels=np.full_like(row.labels, NO_LABEL)) for row in rows]
        starts = offsets(np.array([len(row.labels) for row in rows]))[:-1]
        entries = sparse(self.logits, starts.tolist(), rows, capture)
        return encode_rows(rows, entries, capture, self.layout(kind), self.features)

    def read(self, table: pa.Table, kind: Sparsifier, temperature: float) -> Distributions:
        """Return the distributions that a table holds."""
        return Decoded(table, self.layout(kind)).distributions(temperature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What a sparsifier makes of the sample.

    Attributes:
        entries: in a distribution of one teacher, on average.
        bytes_per_row: of all teachers.
        retained_mass: share of the mass that is stored as it is.
        draws: the combined distributions, draw by draw; none where they cannot be combined.
    """

    entries: float
    bytes_per_row: float
    retained_mass: float
    draws: list[Distributions]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scales:
    """Weighs sparsifiers on teachers' answers to the same examples, in the same order.

    Attributes:
        answered: one per teacher.
        pilots: what each of them looks like at `temperature`.
        combination: how the teachers become one.
        temperature: of the objective.
        rows_per_shard: over which what every shard has is spread.
    """

    answered: Sequence[Answered]
    pilots: Sequence[Pilot]
    combination: Combination
    temperature: float
    rows_per_shard: float

    def full(self) -> Distributions:
        """Return the combined distributions of the whole answers."""
        kinds: list[Sparsifier] = [Full()] * len(self.answered)
        return self._combined(self._read(self._tables(kinds, 0), kinds))

    def weighed(self, wanted: Wanted) -> Weighed:
        """Return what a sparsifier costs, and what is read back of it."""
        kinds = [_settled(wanted, pilot) for pilot in self.pilots]
        numbers = range(DRAWS if isinstance(kinds[0], Unbiased) else 1)
        tables = [self._tables(kinds, number) for number in numbers]
        read = [self._read(of_draw, kinds) for of_draw in tables]
        usable = self._is_combinable(kinds)
        return Weighed(
            entries=float(np.mean([part.counts.mean() for of_draw in read for part in of_draw])),
            bytes_per_row=sum(map(self._bytes_per_row, self.answered, tables[0], kinds)),
            retained_mass=self._retained(tables[0], read[0], kinds),
            draws=[self._combined(of_draw) for of_draw in read] if usable else [],
        )

    def _tables(self, kinds: Sequence[Sparsifier], draw: int) -> list[pa.Table]:
        return [one.table(kind, draw) for one, kind in zip(self.answered, kinds, strict=True)]

    def _read(self, tables: list[pa.Table], kinds: Sequence[Sparsifier]) -> list[Distributions]:
        return [
            one.read(table, kind, self.temperature)
            for one, table, kind in zip(self.answered, tables, kinds, strict=True)
        ]

    def _bytes_per_row(self, answered: Answered, table: pa.Table, kind: Sparsifier) -> float:
        """Return what a row adds to a shard, and its share of what every shard has."""
        layout = answered.layout(kind)
        first = len(to_bytes(table.slice(0, 1), layout))
        if table.num_rows == 1:
            return float(first)
        each = (len(to_bytes(table, layout)) - first) / (table.num_rows - 1)
        return each + (first - each) / self.rows_per_shard

    def _retained(
        self, tables: list[pa.Table], read: list[Distributions], kinds: Sequence[Sparsifier]
    ) -> float:
        """Return the mean mass of the entries that hold a probability of their own."""
        found = [
            float(part.weights[_is_exact(table, kind)].sum()) / len(part)
            for table, part, kind in zip(tables, read, kinds, strict=True)
        ]
        return float(np.dot(found, self.combination.shares))

    def _combined(self, parts: list[Distributions]) -> Distributions:
        return parts[0] if len(parts) == 1 else combined(parts, self.combination)

    def _is_combinable(self, kinds: Sequence[Sparsifier]) -> bool:
        try:
            require_combinable(kinds, self.combination)
        except SoftLabelError:
            return False
        return True


def _settled(wanted: Wanted, pilot: Pilot) -> Sparsifier:
    if isinstance(wanted, ThresholdRequest):
        return wanted.at(pilot.tau(wanted.entries))
    return wanted


def _is_exact(table: pa.Table, kind: Sparsifier) -> NDArray[np.bool_] | slice:
    """Return which entries hold a probability of their own, rather than a draw's weight."""
    match kind:
        case Full() | TopK():
            return slice(None)
        case Sample():
            return slice(0)
        case Threshold():
            return np.asarray(flat(table, "root_p").values != 0)
        case FixedThreshold():
            return np.asarray(flat(table, "p").values != 0)
