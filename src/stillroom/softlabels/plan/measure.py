"""Measure: the bytes of a sparsifier, and the distributions read back, on a sample of answers.

    logits ──sparsify, encode, to_bytes──> bytes per row
                          └──decode, combine──> Distributions, one per draw

The measurement uses the codec itself, so each number includes rounding and compression.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.no_label import NO_LABEL
from stillroom.softlabels.capture.complete_sparsifier import Teacher
from stillroom.softlabels.capture.sparsify_rows import sparsify_rows
from stillroom.softlabels.columns.distributions import Distributions
from stillroom.softlabels.columns.list_columns import offsets
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.encode import encode_rows
from stillroom.softlabels.format.ensemble_combination import Combination, require_combinable
from stillroom.softlabels.format.pooled_features import NONE, RowFeatures
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.format.shard import to_bytes
from stillroom.softlabels.reading.ensemble_mean import ensemble_mean
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.pilot import Pilot
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

# The number of draws over which the errors of an unbiased sparsifier are averaged.
DRAWS = 4


@dataclass(frozen=True, slots=True)
class MemberAnswers:
    """A teacher's answers to the sample.

    Attributes:
        teacher: the one that answered.
        rows: the n rows of the sample.
        logits: [N, C], of all positions of the rows, row after row.
        features: of the n rows, if its captures keep features.
    """

    teacher: Teacher
    rows: tuple[Row, ...]
    logits: NDArray[np.float32]
    features: RowFeatures | None = None

    def pilot(self, temperature: float) -> Pilot:
        """Return the statistics of the answers from which tau can be solved."""
        pilot = Pilot()
        pilot.see(self.logits, temperature)
        return pilot

    def layout(self, kind: Sparsifier) -> Layout:
        """Return the columns of a shard."""
        kept = NONE if self.features is None else self.teacher.keeping(kind).capture.features
        return Layout(kind, self.teacher.classes, kept)

    def table(self, kind: Sparsifier, draw: int) -> pa.Table:
        """Return the table of a shard with the sample, for one draw of the sparsifier."""
        capture = self.teacher.keeping(kind).capture
        rows = [replace(row, draw=draw) for row in self.rows]
        if not kind.stores_labels:  # as a capture, which stores these rows without labels
            rows = [replace(row, labels=np.full_like(row.labels, NO_LABEL)) for row in rows]
        starts = offsets(np.array([len(row.labels) for row in rows]))[:-1]
        entries = sparsify_rows(self.logits, starts.tolist(), rows, capture)
        return encode_rows(rows, entries, capture, self.layout(kind), self.features)

    def read(self, table: pa.Table, kind: Sparsifier, temperature: float) -> Distributions:
        """Return the distributions that a table holds."""
        return Decoded(table, self.layout(kind)).distributions(temperature)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The result of one sparsifier on the sample.

    Attributes:
        entries: the average number per distribution of one teacher.
        bytes_per_row: the sum over all teachers.
        retained_mass: share of the mass that is stored unchanged.
        draws: the combined distributions, draw by draw; empty if they cannot be combined.
    """

    entries: float
    bytes_per_row: float
    retained_mass: float
    draws: list[Distributions]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAnswers:
    """Measures sparsifiers on the teachers' answers to the same examples, in the same order.

    Attributes:
        answers: one per teacher.
        pilots: the statistics of each at `temperature`.
        combination: how the teachers are combined.
        temperature: that of the objective.
        rows_per_shard: the number of rows that share the fixed bytes of a shard.
    """

    answers: Sequence[MemberAnswers]
    pilots: Sequence[Pilot]
    combination: Combination
    temperature: float
    rows_per_shard: float

    def full(self) -> Distributions:
        """Return the combined distributions of the full answers."""
        kinds: list[Sparsifier] = [Full()] * len(self.answers)
        return self._combined(self._read(self._tables(kinds, 0), kinds))

    def measure(self, request: SparsifierRequest) -> Measurement:
        """Return the bytes of a sparsifier, and the distributions that can be read back."""
        kinds = [request.solved(pilot) for pilot in self.pilots]
        draws = range(DRAWS if request.content is Content.ESTIMATE else 1)
        tables = [self._tables(kinds, draw) for draw in draws]
        parts = [self._read(of_draw, kinds) for of_draw in tables]
        is_combinable = self._is_combinable(kinds)
        return Measurement(
            entries=float(np.mean([part.counts.mean() for of_draw in parts for part in of_draw])),
            bytes_per_row=sum(
                self._bytes_per_row(table, one.layout(kind))
                for one, table, kind in zip(self.answers, tables[0], kinds, strict=True)
            ),
            retained_mass=self._retained_mass(tables[0], parts[0], kinds),
            draws=[self._combined(of_draw) for of_draw in parts] if is_combinable else [],
        )

    @property
    def feature_bytes_per_row(self) -> float:
        """The bytes of a row's features, over all teachers."""
        kind = Full()
        return sum(self._feature_bytes(one, kind) for one in self.answers if one.features)

    def _feature_bytes(self, answers: MemberAnswers, kind: Sparsifier) -> float:
        table, layout = answers.table(kind, 0), answers.layout(kind)
        bare = Layout(kind, layout.classes)
        without = self._bytes_per_row(table.select(bare.schema.names), bare)
        return self._bytes_per_row(table, layout) - without

    def _tables(self, kinds: Sequence[Sparsifier], draw: int) -> list[pa.Table]:
        return [one.table(kind, draw) for one, kind in zip(self.answers, kinds, strict=True)]

    def _read(self, tables: list[pa.Table], kinds: Sequence[Sparsifier]) -> list[Distributions]:
        return [
            one.read(table, kind, self.temperature)
            for one, table, kind in zip(self.answers, tables, kinds, strict=True)
        ]

    def _bytes_per_row(self, table: pa.Table, layout: Layout) -> float:
        """Return the bytes that a row adds to a shard, with its share of the fixed bytes."""
        first = len(to_bytes(table.slice(0, 1), layout))
        if table.num_rows == 1:
            return float(first)
        each = (len(to_bytes(table, layout)) - first) / (table.num_rows - 1)
        return each + (first - each) / self.rows_per_shard

    def _retained_mass(
        self, tables: list[pa.Table], parts: list[Distributions], kinds: Sequence[Sparsifier]
    ) -> float:
        """Return the mean mass of the entries that store their own probability."""
        masses = [
            float(part.weights[kind.stated(table)].sum()) / len(part)
            for table, part, kind in zip(tables, parts, kinds, strict=True)
        ]
        return float(np.dot(masses, self.combination.shares))

    def _combined(self, parts: list[Distributions]) -> Distributions:
        return parts[0] if len(parts) == 1 else ensemble_mean(parts, self.combination)

    def _is_combinable(self, kinds: Sequence[Sparsifier]) -> bool:
        try:
            require_combinable(kinds, self.combination)
        except SoftLabelError:
            return False
        return True
