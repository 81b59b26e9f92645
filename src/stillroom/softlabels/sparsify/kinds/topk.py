"""Top-k: the largest logits are stored, and log Z, from which the missing mass is known."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import STRICT_FINITE
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.coordinate_sparsifier import CoordinateSparsifier
from stillroom.softlabels.sparsify.kinds.full import LOGITS
from stillroom.softlabels.sparsify.kinds.option_types import Count, Temperature
from stillroom.softlabels.sparsify.shared_exponentials import bases
from stillroom.softlabels.sparsify.sparsifier import Column, Sparsifier
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

if TYPE_CHECKING:
    import pyarrow as pa

    from stillroom.softlabels.columns.coordinates import CoordinateRows, Coordinates
    from stillroom.softlabels.columns.distributions import Doubles
    from stillroom.softlabels.columns.encoding import Encoding
    from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
    from stillroom.softlabels.sparsify.entries import TopKEntries
    from stillroom.softlabels.sparsify.rules.chunk import Chunk


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class TopK(CoordinateSparsifier):
    """The k largest logits, and log Z over all classes at each of `temperatures`.

    Bias: the tail is missing. From log Z follow the mass of the tail and, at each captured
    temperature, the exact head. The objective decides how a student treats the tail.
    """

    k: Count
    temperatures: Annotated[tuple[Temperature, ...], Field(min_length=1)]
    kind: Literal["topk"] = "topk"

    content: ClassVar[Content] = Content.HEAD
    temperature_option: ClassVar[str | None] = "temperatures"
    value: ClassVar[Column] = LOGITS
    beside: ClassVar[tuple[Column, ...]] = (
        Column(
            "log_z",
            "float32",
            "log sum exp(logit / T) of each position, at each captured temperature in turn",
        ),
    )

    @classmethod
    def candidates(cls, grid: "CandidateGrid") -> list[SparsifierRequest]:
        """Return one for each number of entries."""
        return [cls(k=k, temperatures=grid.temperatures) for k in grid.sizes]

    @property
    def bias(self) -> str:
        """The tail is missing."""
        return f"the mass beyond the {self.k} largest classes is known, not stored"

    @property
    def size(self) -> float:
        """The number k."""
        return self.k

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return f"topk, the {self.k} largest of each distribution"

    def entries_of(self, chunk: "Chunk") -> "TopKEntries":
        """Return the largest logits of some distributions."""
        from stillroom.softlabels.sparsify.rules.chunk_entries import topk_entries

        return topk_entries(chunk, self.k, self.temperatures)

    def coordinates(self, entries: "TopKEntries", encoding: "Encoding") -> "Coordinates":
        """Return the largest logits at their coordinates."""
        from stillroom.softlabels.columns.coordinates import Coordinates, owners_of

        return Coordinates(owners_of(entries.counts), entries.ids, entries.logits)

    def encode_beside(self, entries: "TopKEntries", encoding: "Encoding") -> "dict[str, pa.Array]":
        """Return the column of log Z."""
        from stillroom.softlabels.columns.list_columns import lists

        bounds = encoding.positions * entries.log_z.shape[1]
        return {"log_z": lists(entries.log_z.ravel(), bounds)}

    def weights(self, rows: "CoordinateRows", temperature: float) -> "Doubles":
        """Return exp(logit / T - log Z) of each entry."""
        import numpy as np

        column = self.temperatures.index(temperature)
        log_z = rows.of_positions("log_z", len(self.temperatures))[:, column]
        owners, _ = rows.owners_and_ids
        logits = rows.values("logits").astype(np.float64)
        with np.errstate(over="ignore"):  # verify refuses logits far above their log Z
            return np.exp(logits / temperature - log_z[owners])

    def entries_at_most(self, classes: int) -> float:
        """Return min(k, C)."""
        return min(self.k, classes)

    def stated_error(self, weights: "Doubles") -> "Doubles":
        """Return 0: float32 is within the bound of any mass."""
        import numpy as np

        return np.zeros_like(weights)

    @property
    def richness(self) -> float:
        """The number k."""
        return self.k

    def is_part_of(self, rich: Sparsifier) -> bool:
        """Return whether `rich` holds the logits, or k as large and the same sums to the bit."""
        return rich.holds_logits or (
            isinstance(rich, TopK)
            and rich.k >= self.k
            and _exponentials(self).items() <= _exponentials(rich).items()
        )

    def part_of(self, rich: Sparsifier, table: "pa.Table") -> "TopKEntries":
        """Return the k largest entries of the rows of a larger top-k."""
        from stillroom.softlabels.sparsify.smaller_topk import smaller_topk

        if not isinstance(rich, TopK):
            raise TypeError(f"{self.kind} cannot be computed from {rich.kind}.")
        columns = [rich.temperatures.index(t) for t in self.temperatures]
        return smaller_topk(table, self.k, columns, len(rich.temperatures))


def _exponentials(kind: TopK) -> dict[float, float]:
    """Return the base of which the exponentials at each temperature are powers.

    Exponentials of another base differ in their last bits. The key 0 holds the base of entropy and
    log p.
    """
    of_temperature = bases(kind.temperatures)
    return {**of_temperature, 0.0: of_temperature[1.0] if min(of_temperature) == 1 else 1.0}
