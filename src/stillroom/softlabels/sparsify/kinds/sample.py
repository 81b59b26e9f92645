"""Sample: draws from the distribution, with replacement; random-sampling distillation."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AliasChoices, Field
from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import STRICT_FINITE
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.coordinate_sparsifier import CoordinateSparsifier
from stillroom.softlabels.sparsify.kinds.option_types import Temperature
from stillroom.softlabels.sparsify.sparsifier import Column
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

if TYPE_CHECKING:
    from stillroom.softlabels.columns.coordinates import CoordinateRows, Coordinates
    from stillroom.softlabels.columns.distributions import Doubles
    from stillroom.softlabels.columns.encoding import Encoding
    from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
    from stillroom.softlabels.sparsify.entries import SampleEntries
    from stillroom.softlabels.sparsify.rules.chunk import Chunk


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class Sample(CoordinateSparsifier):
    """N samples with replacement at `temperature`: distinct ids, and how often each was drawn.

    Bias: none at `temperature`; count/N is an unbiased estimate of each probability.
    Source: random-sampling KD, Anshumann et al., ACL 2025, arXiv 2503.16870.

    Attributes:
        samples: N. Manifests of format 3 call it `draws` and can still be read.
    """

    samples: Annotated[
        int, Field(ge=1, le=65535, validation_alias=AliasChoices("samples", "draws"))
    ]
    temperature: Temperature
    kind: Literal["sample"] = "sample"

    content: ClassVar[Content] = Content.ESTIMATE
    value: ClassVar[Column] = Column("times", "uint16", "how often each entry was drawn")

    @classmethod
    def candidates(cls, grid: "CandidateGrid") -> list[SparsifierRequest]:
        """Return one for each number of distinct entries, on average."""
        samples = [grid.samples_for(k) for k in grid.sizes]
        distinct = dict.fromkeys(samples)
        return [cls(samples=n, temperature=grid.temperature) for n in distinct if n is not None]

    @property
    def bias(self) -> str:
        """None on average."""
        return f"none in expectation, at temperature {self.temperature:g} alone"

    @property
    def size(self) -> float:
        """The number of samples."""
        return self.samples

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return f"sample, {self.samples} samples of each distribution"

    @property
    def uniforms(self) -> int:
        """One for each sample."""
        return self.samples

    def entries_of(self, chunk: "Chunk") -> "SampleEntries":
        """Draw from some distributions."""
        from stillroom.softlabels.sparsify.rules.chunk_entries import sample_entries

        return sample_entries(chunk, self.temperature)

    def coordinates(self, entries: "SampleEntries", encoding: "Encoding") -> "Coordinates":
        """Return how often each entry was drawn, at its coordinates."""
        from stillroom.softlabels.columns.coordinates import Coordinates, owners_of

        return Coordinates(owners_of(entries.counts), entries.ids, entries.times)

    def weights(self, rows: "CoordinateRows", temperature: float) -> "Doubles":
        """Return times / N of each entry."""
        import numpy as np

        return rows.values("times").astype(np.float64) / self.samples

    def entries_at_most(self, classes: int) -> float:
        """Return min(N, C)."""
        return min(self.samples, classes)
