"""Sparsifier: the interface of a kind of sparsifier, from logits to columns and back.

    logits ──entries_of──> entries on the CPU ──encode──> columns
    table ──stored_rows──> distributions at T, entropy, log p of the hard labels

One class is one kind, in one module: a frozen pydantic dataclass whose fields are what a
fingerprint covers and a manifest lists. A module of a kind imports neither PyTorch nor pyarrow at
its top: the checks of the configuration load it, and reading a set needs no PyTorch.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest, field_names

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from stillroom.softlabels.columns.distributions import Distributions, Doubles
    from stillroom.softlabels.columns.encoding import Encoding
    from stillroom.softlabels.columns.stored_rows import StoredRows
    from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
    from stillroom.softlabels.sparsify.pilot import Pilot
    from stillroom.softlabels.sparsify.rules.chunk import Chunk

# The type of ids depends on the number of classes.
ID = "id"
# Logits, log Z and log p are float32, so masses are right to about 1e-6 if logits are in the tens.
MASS_BOUND = 1e-3


@dataclass(frozen=True, slots=True)
class Column:
    """A list column of a shard.

    Attributes:
        name: its name.
        type: Arrow's name of the type of its elements, or `ID`.
        meaning: stands in the schema of each shard.
    """

    name: str
    type: str
    meaning: str


class Sparsifier(SparsifierRequest):
    """A kind of sparsifier with its numbers.

    Attributes:
        stores_labels: whether rows hold hard labels, their log p, and the entropy. Rows without
            them depend on the input alone, and not on the draw.
        holds_logits: whether rows hold the teacher's logits to the bit, so that every other
            sparsifier can be computed from them; `logits` returns them.
    """

    stores_labels: ClassVar[bool] = True
    holds_logits: ClassVar[bool] = False

    @classmethod
    def options(cls) -> type[Any]:
        """Return the pydantic dataclass of the options; its `request` returns what they name."""
        return cls

    def request(self) -> SparsifierRequest:
        """Return this sparsifier as what its options name."""
        return self

    @classmethod
    def candidates(cls, grid: "CandidateGrid") -> list[SparsifierRequest]:
        """Return the ones that a plan tries, by rising number of entries."""
        return []

    @property
    def complete(self) -> "Sparsifier":
        """This sparsifier."""
        return self

    @property
    def stand_in(self) -> "Sparsifier":
        """This sparsifier."""
        return self

    def is_met_by(self, sparsifier: "Sparsifier") -> bool:
        """Return whether a sparsifier is this one."""
        return sparsifier == self

    def solved(self, pilot: "Pilot") -> "Sparsifier":
        """Return this sparsifier; it needs no pilot."""
        return self

    def expected(self, captured: "Sparsifier") -> "Sparsifier":
        """Return this sparsifier, regardless of what was captured."""
        return self

    def values(self) -> dict[str, Any]:
        """Return the numbers by name, in the order of a manifest, without the kind."""
        return {name: getattr(self, name) for name in field_names(self) if name != "kind"}

    @property
    @abstractmethod
    def bias(self) -> str:
        """What the sparsifier does to the expectation, in one line; a manifest repeats it."""

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The list columns of a shard, in order."""

    @property
    def value_column(self) -> str | None:
        """The column with the value of each entry; None if rows have no entries."""
        return None

    @property
    def uniforms(self) -> int:
        """How many random numbers a distribution takes."""
        return 0

    @abstractmethod
    def entries_of(self, chunk: "Chunk") -> Any:
        """Return what is kept of some distributions: a dataclass of arrays on the CPU.

        Raises:
            SoftLabelError: a logit is NaN or +inf.
        """

    @abstractmethod
    def encode(self, entries: Any, encoding: "Encoding") -> "dict[str, pa.Array]":
        """Return the list columns of some rows."""

    @abstractmethod
    def stored_rows(self, table: "pa.Table", classes: int) -> "StoredRows":
        """Return a reader of the rows of a shard's table."""

    @abstractmethod
    def entries_at_most(self, classes: int) -> float:
        """Return how many entries a distribution has: the average, or else the maximum."""

    def stated(self, table: "pa.Table") -> "NDArray[np.bool_] | slice":
        """Return which entries of a table store their own probability, not the weight of a draw."""
        return slice(None) if self.content.has_head else slice(0)

    def stated_error(self, weights: "Doubles") -> "Doubles | None":
        """Return the codec's largest error of weights that are `stated`; None: not compared."""
        return None

    def allowed_masses(self, distributions: "Distributions") -> "tuple[NDArray[np.bool_], str]":
        """Return for each distribution whether its mass is possible, and the bounds in words."""
        import numpy as np

        masses = distributions.masses
        if self.content is Content.ESTIMATE:
            return np.abs(masses - 1) <= MASS_BOUND, "one"
        return (masses > 0) & (masses <= 1 + MASS_BOUND), "above 0 and at most one"

    @property
    def richness(self) -> float:
        """How much is kept: of several captures, the richest serves first."""
        return 0.0

    def is_part_of(self, rich: "Sparsifier") -> bool:
        """Return whether all that this sparsifier keeps can be computed from what `rich` keeps."""
        return rich.holds_logits

    def logits(self, table: "pa.Table", classes: int) -> "NDArray[np.float32]":
        """Return the logits [rows, positions, C] of a table, padded with zeros.

        Only for a kind that `holds_logits`.
        """
        raise TypeError(f"{self.kind} does not hold the teacher's logits.")

    def part_of(self, rich: "Sparsifier", table: "pa.Table") -> Any:
        """Return the entries of the rows of a table that `rich` wrote.

        Only for `is_part_of`, and where `rich` does not hold the logits.
        """
        raise TypeError(f"{self.kind} cannot be computed from {rich.kind}.")
