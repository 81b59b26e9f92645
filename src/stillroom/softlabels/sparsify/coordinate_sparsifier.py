"""Coordinate sparsifier: the part of a kind that all sparsifiers with entries share.

entries ──coordinates──> owner, id and value of each ──encode──> ids, positions, values
CoordinateRows ──weights──> the weight of each entry at T
"""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from stillroom.softlabels.sparsify.sparsifier import ID, Column, Sparsifier

if TYPE_CHECKING:
    import pyarrow as pa

    from stillroom.softlabels.columns.coordinates import CoordinateRows, Coordinates
    from stillroom.softlabels.columns.distributions import Doubles
    from stillroom.softlabels.columns.encoding import Encoding

IDS = (
    Column("ids", ID, "class or token of each entry, rising"),
    Column("positions", "uint16", "position of each entry in the row, from 0"),
)
STATISTICS = (
    Column("entropy", "float32", "nats, of the whole distribution of each position at T = 1"),
    Column(
        "log_p_label",
        "float32",
        "log-probability of each position's hard label at T = 1; NaN without",
    ),
)


class CoordinateSparsifier(Sparsifier):
    """A sparsifier that stores entries at coordinates, and the statistics of each position.

    Its entries have the attributes `entropy` and `log_p_label`, [N] each.

    Attributes:
        value: the column with the value of each entry.
        beside: further columns, with values of positions.
    """

    value: ClassVar[Column]
    beside: ClassVar[tuple[Column, ...]] = ()

    @abstractmethod
    def coordinates(self, entries: Any, encoding: "Encoding") -> "Coordinates":
        """Return the owner, id and value of each entry, in any order."""

    @abstractmethod
    def weights(self, rows: "CoordinateRows", temperature: float) -> "Doubles":
        """Return the weight of each entry at a temperature at which the rows can be read.

        Raises:
            SoftLabelError: the columns do not fit each other.
        """

    def encode_beside(self, entries: Any, encoding: "Encoding") -> "dict[str, pa.Array]":
        """Return the columns `beside`."""
        return {}

    @property
    def columns(self) -> tuple[Column, ...]:
        """Ids, positions, values, what stands beside them, and the statistics."""
        return (*IDS, self.value, *self.beside, *STATISTICS)

    @property
    def value_column(self) -> str:
        """The column with the value of each entry."""
        return self.value.name

    def encode(self, entries: Any, encoding: "Encoding") -> "dict[str, pa.Array]":
        """Return the columns of some rows."""
        from stillroom.softlabels.columns.coordinates import coordinate_columns
        from stillroom.softlabels.columns.list_columns import lists

        return {
            **coordinate_columns(self.coordinates(entries, encoding), encoding, self.value.name),
            **self.encode_beside(entries, encoding),
            "entropy": lists(entries.entropy, encoding.positions),
            "log_p_label": lists(entries.log_p_label, encoding.positions),
        }

    def stored_rows(self, table: "pa.Table", classes: int) -> "CoordinateRows":
        """Return a reader of the rows of a shard's table."""
        from stillroom.softlabels.columns.coordinates import CoordinateRows

        return CoordinateRows(table, classes, self.weights)
