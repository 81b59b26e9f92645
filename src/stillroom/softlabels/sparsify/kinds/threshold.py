"""Threshold: large probabilities are stored, and a systematic sample of the others, with one tau.

options ──tau is given──> Threshold
        ──tau is null──> ThresholdRequest ──pilot──> Threshold
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass as plain_dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import STRICT_FINITE
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.coordinate_sparsifier import CoordinateSparsifier
from stillroom.softlabels.sparsify.kinds.option_types import Temperature
from stillroom.softlabels.sparsify.sparsifier import MASS_BOUND, Column, Sparsifier
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from stillroom.softlabels.columns.coordinates import CoordinateRows, Coordinates
    from stillroom.softlabels.columns.distributions import Distributions, Doubles
    from stillroom.softlabels.columns.encoding import Encoding
    from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
    from stillroom.softlabels.sparsify.entries import ThresholdEntries
    from stillroom.softlabels.sparsify.pilot import Pilot
    from stillroom.softlabels.sparsify.rules.chunk import Chunk

# A head is stored as the square root of p in 255 steps, the lowest of which marks the tail.
SMALLEST_TAU = 1 / 255**2
# Appears in an error message if a set was captured with another kind of sparsifier.
UNKNOWN_TAU = 0.5
Entries = Annotated[float, Field(ge=1)]
Tau = Annotated[float, Field(ge=SMALLEST_TAU, le=1)]


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class ThresholdOptions:
    """The options of the configuration: a tau, or the average number of entries that gives one."""

    entries: Entries
    tau: Tau | None
    temperature: Temperature

    def request(self) -> SparsifierRequest:
        """Return the threshold, or a request that a pilot completes."""
        if self.tau is None:
            return ThresholdRequest(self.entries, self.temperature)
        return Threshold(entries=None, tau=self.tau, temperature=self.temperature)


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class Threshold(CoordinateSparsifier):
    """Each p >= tau unchanged, and a systematic sample of the rest along the ids, with weight tau.

    Bias: none at `temperature`. The weights of a distribution sum to one only on average.
    Source: Barnes et al., Efficient Unbiased Sparsification, arXiv 2402.14925; one tau for the
    whole set, so that the marginal gain of an entry, tau squared, is equal everywhere.

    Attributes:
        entries: the configured average number of entries, from which a pilot solved tau; None if
            tau itself was configured.
    """

    entries: Entries | None
    tau: Tau
    temperature: Temperature
    kind: Literal["threshold"] = "threshold"

    content: ClassVar[Content] = Content.ESTIMATE
    value: ClassVar[Column] = Column(
        "root_p", "uint8", "p = (root_p / 255)^2 of each entry; 0: its weight is tau of the capture"
    )

    @classmethod
    def options(cls) -> type[ThresholdOptions]:
        """Return the options, whose tau may be null."""
        return ThresholdOptions

    @classmethod
    def candidates(cls, grid: "CandidateGrid") -> list[SparsifierRequest]:
        """Return one for each average number of entries that some tau gives."""
        return [ThresholdRequest(float(k), grid.temperature) for k in grid.sizes if grid.has_tau(k)]

    @property
    def bias(self) -> str:
        """None on average."""
        return f"none in expectation, at temperature {self.temperature:g} alone"

    @property
    def size(self) -> float:
        """The average number of entries, or tau."""
        return self.tau if self.entries is None else self.entries

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return f"threshold, tau {self.tau:.3g}"

    @property
    def uniforms(self) -> int:
        """One: the systematic sample has one random start."""
        return 1

    def entries_of(self, chunk: "Chunk") -> "ThresholdEntries":
        """Return the heads and the drawn tails of some distributions."""
        from stillroom.softlabels.sparsify.rules.chunk_entries import threshold_entries

        return threshold_entries(chunk, self.tau, self.temperature)

    def coordinates(self, entries: "ThresholdEntries", encoding: "Encoding") -> "Coordinates":
        """Return the heads, rounded at random to a byte, and 0 for the tails."""
        import numpy as np

        from stillroom.softlabels.columns.list_columns import offsets
        from stillroom.softlabels.columns.stochastic_rounding import rounded_roots
        from stillroom.softlabels.sparsify.heads_and_tails import heads_and_tails

        heads = np.diff(offsets(entries.head_counts)[encoding.positions]).tolist()
        roots = rounded_roots(entries.head_p, encoding.uniforms(heads))
        return heads_and_tails(entries, roots)

    def weights(self, rows: "CoordinateRows", temperature: float) -> "Doubles":
        """Return p of each head, and tau of each tail."""
        import numpy as np

        from stillroom.softlabels.columns.stochastic_rounding import LEVELS, from_roots

        weights = from_roots(np.arange(LEVELS + 1, dtype=np.uint8))
        weights[0] = self.tau
        return weights[rows.values("root_p")]

    def entries_at_most(self, classes: int) -> float:
        """Return the average number of entries, or what tau allows at most."""
        return self.entries or min(1 / self.tau, classes)

    def stated(self, table: "pa.Table") -> "NDArray[np.bool_]":
        """Return which entries are heads; the weight of a tail is tau, regardless of its p."""
        import numpy as np

        from stillroom.softlabels.columns.list_columns import flat

        return np.asarray(flat(table, "root_p").values != 0)

    def stated_error(self, weights: "Doubles") -> "Doubles":
        """Return the bound of the rounding to a byte."""
        from stillroom.softlabels.columns.stochastic_rounding import root_bound

        return root_bound(weights)

    def allowed_masses(self, distributions: "Distributions") -> "tuple[NDArray[np.bool_], str]":
        """Return for each distribution whether its mass is one to within tau.

        Systematic sampling errs by less than a step, each head by less than its rounding.
        """
        import numpy as np

        from stillroom.softlabels.columns.stochastic_rounding import root_bound

        errors = root_bound(distributions.weights)
        rounding = np.bincount(distributions.owners, errors, len(distributions))
        allowed = np.abs(distributions.masses - 1) <= self.tau + rounding + MASS_BOUND
        return allowed, "one to within tau"


@plain_dataclass(frozen=True, slots=True)
class ThresholdRequest(SparsifierRequest):
    """A `Threshold` without its tau: the average number of entries, and the temperature."""

    entries: float
    temperature: float

    content: ClassVar[Content] = Threshold.content

    @property
    def kind(self) -> str:
        """The kind that a pilot completes."""
        return "threshold"

    def at(self, tau: float) -> Threshold:
        """Return the sparsifier with this tau."""
        return Threshold(entries=self.entries, tau=tau, temperature=self.temperature)

    @property
    def complete(self) -> None:
        """None: tau is missing."""
        return None

    @property
    def stand_in(self) -> Threshold:
        """A threshold at any tau."""
        return self.at(UNKNOWN_TAU)

    def is_met_by(self, sparsifier: Sparsifier) -> bool:
        """Return whether a sparsifier is the requested one, regardless of its tau."""
        return isinstance(sparsifier, Threshold) and sparsifier == self.at(sparsifier.tau)

    def solved(self, pilot: "Pilot") -> Threshold:
        """Return the threshold with the tau at which the pilot keeps this number of entries.

        Raises:
            SoftLabelError: even the smallest tau keeps fewer.
        """
        return self.at(pilot.tau(self.entries))

    def expected(self, captured: Sparsifier) -> Sparsifier:
        """Return the threshold at the captured tau: any tau is accepted."""
        return self.at(captured.tau) if isinstance(captured, Threshold) else self.stand_in

    def solution(self, sparsifier: Sparsifier) -> str:
        """Describe in words what a pilot solved."""
        tau = sparsifier.tau if isinstance(sparsifier, Threshold) else UNKNOWN_TAU
        return f"tau {tau:.3g} keeps {self.entries:g} entries on average"

    def ambiguity(self, sparsifiers: Sequence[Sparsifier]) -> str:
        """Say which taus earlier captures have, and what to set."""
        taus = sorted(one.tau for one in sparsifiers if isinstance(one, Threshold))
        return (
            f"the store has captures of this teacher at tau {', '.join(map(str, taus))} "
            f"for {self.entries:g} entries. Set softlabels.tau to one of them."
        )

    @property
    def size(self) -> float:
        """The average number of entries."""
        return self.entries

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return f"threshold, {self.entries:g} entries on average"

    def params(self, section: Mapping[str, Any]) -> dict[str, object]:
        """Return the number of entries, and a tau of null where another one is set."""
        given: dict[str, object] = {"softlabels.entries": self.entries}
        return given if section["tau"] is None else given | {"softlabels.tau": None}
