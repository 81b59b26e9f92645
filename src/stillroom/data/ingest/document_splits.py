"""Document splits: a corpus in; the split of each document, and how many there are, out.

document ──of a file that is called after a split──> its split
         ──of another file, or for training────────> drawn by its text
         ──equal to another one────────────────────> duplicate
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from stillroom.config.schema.data_schema import Data
from stillroom.data.example_ids import example_ids
from stillroom.data.ingest.corpus_counts import CorpusCounts
from stillroom.data.ingest.splits import SPLITS, TRAIN, split_of
from stillroom.data.text.documents import Document
from stillroom.errors import DataError

DUPLICATE = len(SPLITS)  # the split of a document that was read before

Splits = NDArray[np.uint8]


class Splittable(Protocol):
    """A document or a conversation: its name in messages, and the split that its source gives."""

    @property
    def origin(self) -> str:
        """Its name in messages."""

    @property
    def split(self) -> str | None:
        """The split that its source gives it; None if its content decides."""


D = TypeVar("D", bound=Splittable)


def text_key(document: Document) -> bytes:
    """Return the key of a document, by its text."""
    (key,) = example_ids("text", (), [document.text])
    return key


def document_splits(
    corpus: Iterable[D], data: Data, key_of: Callable[[D], bytes]
) -> tuple[Splits, CorpusCounts, frozenset[str]]:
    """Return the split of each document, how many there are, and the splits of the source.

    Args:
        corpus: documents or conversations.
        data: the parameters of ingest.
        key_of: returns the key of a document's content, 16 bytes.

    Of equal documents, the first one in the strongest split is kept: test before validation before
    train, as in `cleaning`.
    """
    given: list[str | None] = []
    kept: dict[bytes, int] = {}
    for number, document in enumerate(corpus):
        key = key_of(document)
        given.append(_split_given(document))
        first = kept.setdefault(key, number)
        if _strength(given[number]) > _strength(given[first]):
            kept[key] = number
    present = frozenset(filter(None, given))
    splits = np.full(len(given), DUPLICATE, dtype=np.uint8)
    counts = CorpusCounts(duplicate_documents=len(given) - len(kept))
    for key, number in kept.items():
        split = given[number]
        if split is None or split == TRAIN:
            split = _drawn(key, present, data)
        counts.documents[split] += 1
        splits[number] = SPLITS.index(split)
    return splits, counts, present


def _split_given(document: Splittable) -> str | None:
    if document.split not in (None, *SPLITS):
        raise DataError(
            f"{document.origin} has the split {document.split!a}. Allowed: {', '.join(SPLITS)}."
        )
    return document.split


def _strength(split: str | None) -> int:
    return 0 if split is None else SPLITS.index(split)


def _drawn(key: bytes, present: frozenset[str], data: Data) -> str:
    return split_of(
        key, validation=data.validation, test=data.test, seed=data.seed, present=present
    )


def distinct_documents(corpus: Iterable[D], splits: Splits) -> Iterator[tuple[D, str]]:
    """Yield each document that is not a duplicate, with its split.

    Raises:
        DataError: the number of documents has changed.
    """
    number = 0
    for number, document in enumerate(corpus, start=1):
        if number <= len(splits) and splits[number - 1] != DUPLICATE:
            yield document, SPLITS[splits[number - 1]]
    if number != len(splits):
        raise DataError(
            f"data.path held {len(splits)} documents, and later {number}: it changed while it was "
            "being read. Run the stage again."
        )
