"""Fixed threshold: as `threshold`, with the same number of entries in every distribution."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import STRICT_FINITE
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.coordinate_sparsifier import CoordinateSparsifier
from stillroom.softlabels.sparsify.kinds.option_types import Count, Temperature
from stillroom.softlabels.sparsify.sparsifier import Column
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from stillroom.softlabels.columns.coordinates import CoordinateRows, Coordinates
    from stillroom.softlabels.columns.distributions import Doubles
    from stillroom.softlabels.columns.encoding import Encoding
    from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
    from stillroom.softlabels.sparsify.entries import ThresholdEntries
    from stillroom.softlabels.sparsify.rules.chunk import Chunk


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class FixedThreshold(CoordinateSparsifier):
    """Like `Threshold`, but each distribution has min(k, support) entries and its own tau.

    Bias: none at `temperature`. The weights of each distribution sum to one.
    """

    k: Count
    temperature: Temperature
    kind: Literal["threshold_fixed"] = "threshold_fixed"

    content: ClassVar[Content] = Content.ESTIMATE
    value: ClassVar[Column] = Column(
        "p",
        "float32",
        "p of each entry; 0: its weight is (1 - sum of the position's p) / (its entries of p 0)",
    )

    @classmethod
    def candidates(cls, grid: "CandidateGrid") -> list[SparsifierRequest]:
        """Return one for each number of entries."""
        return [cls(k=k, temperature=grid.temperature) for k in grid.sizes]

    @property
    def bias(self) -> str:
        """None on average."""
        return f"none in expectation, at temperature {self.temperature:g} alone"

    @property
    def size(self) -> float:
        """The number k."""
        return self.k

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return f"threshold_fixed, {self.k} entries of each distribution"

    @property
    def uniforms(self) -> int:
        """One: the systematic sample has one random start."""
        return 1

    def entries_of(self, chunk: "Chunk") -> "ThresholdEntries":
        """Return the heads and the drawn tails of some distributions."""
        from stillroom.softlabels.sparsify.rules.chunk_entries import fixed_threshold_entries

        return fixed_threshold_entries(chunk, self.k, self.temperature)

    def coordinates(self, entries: "ThresholdEntries", encoding: "Encoding") -> "Coordinates":
        """Return p of each head, and 0 for the tails."""
        import numpy as np

        from stillroom.softlabels.sparsify.heads_and_tails import heads_and_tails

        # 0 marks the tail, so a p that float32 rounds to 0 becomes the smallest number above 0.
        smallest = np.finfo(np.float32).smallest_subnormal
        return heads_and_tails(entries, np.maximum(entries.head_p, smallest).astype(np.float32))

    def weights(self, rows: "CoordinateRows", temperature: float) -> "Doubles":
        """Return p of each head, and an equal share of the rest for each tail."""
        import numpy as np

        p = rows.values("p").astype(np.float64)
        owners, _ = rows.owners_and_ids
        count = int(rows.positions[-1])
        tail = p == 0
        rest = 1 - np.bincount(owners, weights=p, minlength=count)
        equal = rest.clip(min=0) / np.bincount(owners[tail], minlength=count).clip(min=1)
        return np.where(tail, equal[owners], p)

    def entries_at_most(self, classes: int) -> float:
        """Return min(k, C)."""
        return min(self.k, classes)

    def stated(self, table: "pa.Table") -> "NDArray[np.bool_]":
        """Return which entries are heads."""
        import numpy as np

        from stillroom.softlabels.columns.list_columns import flat

        return np.asarray(flat(table, "p").values != 0)
