"""A sparsifier that keeps the nucleus: the fewest classes whose mass reaches a given share.

    logits ──sorted by probability, until their sum reaches `mass`──> ids and probabilities

Bias: the tail is missing; its mass is 1 minus the sum of the stored probabilities.
"""

from dataclasses import dataclass as entries_dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.coordinate_sparsifier import CoordinateSparsifier
from stillroom.softlabels.sparsify.sparsifier import Column
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from stillroom.softlabels.columns.coordinates import CoordinateRows, Coordinates
    from stillroom.softlabels.columns.distributions import Doubles
    from stillroom.softlabels.columns.encoding import Encoding
    from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
    from stillroom.softlabels.sparsify.rules.chunk import Chunk

STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


@entries_dataclass(frozen=True)
class NucleusEntries:
    """The classes of each nucleus, flat, and the statistics of each distribution."""

    counts: "NDArray[np.int64]"
    ids: "NDArray[np.uint32]"
    p: "NDArray[np.float32]"
    entropy: "NDArray[np.float32]"
    log_p_label: "NDArray[np.float32]"


@dataclass(frozen=True, kw_only=True, config=STRICT)
class Nucleus(CoordinateSparsifier):
    """The fewest classes whose probabilities at `temperature` sum to at least `mass`."""

    mass: Annotated[float, Field(gt=0, lt=1)]
    temperature: Annotated[float, Field(gt=0)]
    kind: Literal["nucleus"] = "nucleus"

    content: ClassVar[Content] = Content.HEAD
    value: ClassVar[Column] = Column("p", "float32", "probability of each entry")

    @classmethod
    def candidates(cls, grid: "CandidateGrid") -> list[SparsifierRequest]:
        """Return three shares of the mass."""
        return [cls(mass=mass, temperature=grid.temperature) for mass in (0.5, 0.9, 0.99)]

    @property
    def bias(self) -> str:
        """The tail is missing."""
        return f"the mass beyond {self.mass:g} is known, not stored"

    @property
    def size(self) -> float:
        """The share of the mass."""
        return self.mass

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return f"nucleus, the fewest classes with {self.mass:g} of the mass"

    def entries_of(self, chunk: "Chunk") -> NucleusEntries:
        """Return the nucleus of some distributions."""
        from stillroom.softlabels.sparsify.rules.chunk import (
            float32,
            ids,
            int64,
            statistics_and_mass,
        )

        statistics, softmax = statistics_and_mass(chunk, chunk.with_max(), self.temperature)
        e = softmax.e.flatten(1).double()[:, : chunk.logits.shape[1]]
        p, order = (e / softmax.z[:, None]).sort(dim=1, descending=True, stable=True)
        kept = p.cumsum(dim=1) - p < self.mass
        return NucleusEntries(
            int64(kept.sum(dim=1)), ids(order[kept]), float32(p[kept]), **statistics
        )

    def coordinates(self, entries: NucleusEntries, encoding: "Encoding") -> "Coordinates":
        """Return the probabilities at their coordinates."""
        from stillroom.softlabels.columns.coordinates import Coordinates, owners_of

        return Coordinates(owners_of(entries.counts), entries.ids, entries.p)

    def weights(self, rows: "CoordinateRows", temperature: float) -> "Doubles":
        """Return p of each entry."""
        import numpy as np

        return rows.values("p").astype(np.float64)

    def entries_at_most(self, classes: int) -> float:
        """Return C: a flat distribution keeps nearly all."""
        return classes

    def stated_error(self, weights: "Doubles") -> "Doubles":
        """Return 0: float32 is within the bound of any mass."""
        return 0 * weights
