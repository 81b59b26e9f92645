"""Corpus counts: how many documents, sequences, tokens and bytes of a corpus each split has."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from stillroom.data.ingest.splits import SPLITS


@dataclass(slots=True)
class CorpusCounts:
    """How much was read, by split, and how many duplicates were left out."""

    documents: Counter[str] = field(default_factory=Counter)
    sequences: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    bytes: Counter[str] = field(default_factory=Counter)
    duplicate_documents: int = 0
    duplicate_sequences: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        named = {"documents": self.documents, "sequences": self.sequences}
        named |= {"tokens": self.tokens, "bytes": self.bytes}
        by_split = {name: {one: counter[one] for one in SPLITS} for name, counter in named.items()}
        return by_split | {
            "duplicate_documents": self.duplicate_documents,
            "duplicate_sequences": self.duplicate_sequences,
        }
