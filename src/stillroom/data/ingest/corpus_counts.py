"""Corpus counts: how many documents, sequences, tokens and bytes of a corpus each split has."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stillroom.data.ingest.splits import SPLITS
from stillroom.errors import DataError


@dataclass(slots=True)
class CorpusCounts:
    """How much was read, by split, and how many duplicates were left out."""

    documents: Counter[str] = field(default_factory=Counter)
    sequences: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    learnt: Counter[str] = field(default_factory=Counter)
    duplicate_documents: int = 0
    duplicate_sequences: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a row of `packed_frames`."""
        split = row["split"]
        self.sequences[split] += 1
        self.tokens[split] += len(row["tokens"])
        self.bytes[split] += row["bytes"]
        self.learnt[split] += row["labels"]

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        named = {"documents": self.documents, "sequences": self.sequences}
        named |= {"tokens": self.tokens, "bytes": self.bytes}
        by_split = {name: {one: counter[one] for one in SPLITS} for name, counter in named.items()}
        return by_split | {
            "duplicate_documents": self.duplicate_documents,
            "duplicate_sequences": self.duplicate_sequences,
        }


def require_every_split(counts: CorpusCounts, what: str) -> None:
    """Refuse a corpus of which a split has no sequence.

    Args:
        counts: after all sequences were made.
        what: what the corpus has: documents or conversations.

    Raises:
        DataError: names the split, and what to do.
    """
    for name in SPLITS:
        if not counts.sequences[name]:
            way_out = "set data.documents.cut to paragraph, " if what == "documents" else ""
            raise DataError(
                f"The {name} split is empty: {sum(counts.documents.values())} {what} are too few "
                f"for data.validation and data.test. Add {what}, {way_out}or change these shares."
            )
