"""Stored rows: what can be read from the columns of a shard, regardless of the sparsifier."""

from typing import Protocol

from stillroom.softlabels.columns.distributions import Distributions, Doubles, Integers


class StoredRows(Protocol):
    """The rows of a table, flattened into N positions.

    Each attribute and method raises a SoftLabelError if the columns do not fit each other.
    """

    @property
    def positions(self) -> Integers:
        """The index at which each row's positions start, and the end: [rows + 1]."""

    @property
    def entropy(self) -> Doubles:
        """[N], in nats, of the whole distributions at T = 1."""

    @property
    def log_p_label(self) -> Doubles:
        """[N], log p of the hard labels at T = 1; NaN without a label, or if not stored."""

    def distributions(self, temperature: float) -> Distributions:
        """Return the N distributions at a temperature at which the rows can be read."""
