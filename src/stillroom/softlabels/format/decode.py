"""Decode: reads the distributions of a shard's table at a temperature.

    pyarrow.Table + Layout ──Decoded──> distributions at T, entropy, log p of the hard labels

The sparsifier knows its columns. Reading them checks that they fit each other.
"""

from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from stillroom.softlabels.columns.distributions import Distributions, Doubles, Integers
from stillroom.softlabels.columns.stored_rows import StoredRows
from stillroom.softlabels.format.column_schema import Layout


@dataclass(frozen=True)
class Decoded:
    """The rows of a table, flattened into N positions."""

    table: pa.Table
    layout: Layout

    @cached_property
    def rows(self) -> StoredRows:
        """The sparsifier's reader of the rows."""
        return self.layout.sparsifier.stored_rows(self.table, self.layout.classes)

    @property
    def positions(self) -> Integers:
        """The index at which each row's positions start, and the end: [rows + 1].

        Raises:
            SoftLabelError: a row of `full` does not hold whole positions.
        """
        return self.rows.positions

    @property
    def entropy(self) -> Doubles:
        """[N], in nats, of the whole distributions at T = 1."""
        return self.rows.entropy

    @property
    def log_p_label(self) -> Doubles:
        """[N], log p of the hard labels at T = 1, NaN without a label; `full` does not store it."""
        return self.rows.log_p_label

    def distributions(self, temperature: float) -> Distributions:
        """Return the N distributions at a temperature.

        Raises:
            SoftLabelError: the labels are not valid at this temperature, or the columns do not fit
                each other.
        """
        self.layout.sparsifier.require_readable(temperature)
        return self.rows.distributions(temperature)
