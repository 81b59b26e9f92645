"""Full: every logit is stored. Exact at any temperature; for few classes."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic.dataclasses import dataclass

from stillroom.io.json.validated_json import STRICT_FINITE
from stillroom.softlabels.sparsify.content import Content
from stillroom.softlabels.sparsify.sparsifier import Column, Sparsifier
from stillroom.softlabels.sparsify.sparsifier_request import SparsifierRequest

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from stillroom.softlabels.columns.encoding import Encoding
    from stillroom.softlabels.columns.logit_rows import LogitRows
    from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
    from stillroom.softlabels.sparsify.entries import FullEntries
    from stillroom.softlabels.sparsify.rules.chunk import Chunk

LOGITS = Column(
    "logits",
    "float32",
    "logit of each entry, unscaled; without ids: of every class, position by position",
)


@dataclass(frozen=True, kw_only=True, config=STRICT_FINITE)
class Full(Sparsifier):
    """Every logit, in the order of the classes.

    Bias: none, at any temperature.
    """

    kind: Literal["full"] = "full"

    content: ClassVar[Content] = Content.WHOLE
    temperature_option: ClassVar[str | None] = None
    stores_labels: ClassVar[bool] = False
    holds_logits: ClassVar[bool] = True

    @classmethod
    def candidates(cls, grid: "CandidateGrid") -> list[SparsifierRequest]:
        """Return the one that there is."""
        return [cls()]

    @property
    def bias(self) -> str:
        """None."""
        return "none: every class is stored"

    @property
    def description(self) -> str:
        """What is kept of a distribution, in words."""
        return "full, every class"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The logits."""
        return (LOGITS,)

    def entries_of(self, chunk: "Chunk") -> "FullEntries":
        """Return every logit of some distributions."""
        from stillroom.softlabels.sparsify.rules.chunk_entries import full_entries

        return full_entries(chunk)

    def encode(self, entries: "FullEntries", encoding: "Encoding") -> "dict[str, pa.Array]":
        """Return the column of the logits."""
        from stillroom.softlabels.columns.list_columns import lists

        return {"logits": lists(entries.logits.ravel(), encoding.positions * encoding.classes)}

    def stored_rows(self, table: "pa.Table", classes: int) -> "LogitRows":
        """Return a reader of the logits."""
        from stillroom.softlabels.columns.logit_rows import LogitRows

        return LogitRows(table, classes)

    def entries_at_most(self, classes: int) -> float:
        """Return C."""
        return classes

    @property
    def richness(self) -> float:
        """Nothing is richer."""
        return float("inf")

    def logits(self, table: "pa.Table", classes: int) -> "NDArray[np.float32]":
        """Return the logits [rows, positions, C] of a table, padded with zeros."""
        from stillroom.softlabels.columns.logit_rows import logits_of_rows

        return logits_of_rows(table, classes)
