"""Ingest of a corpus: documents in, the packs of their tokens, their encoder and a report out.

    documents ──keyed, de-duplicated──> a split for each ──tokenizer, trained on train──┐
    documents, once more ──tokens──> packs of each file and split ─────────────────────┴──> examples

The split of a document depends on its text alone, and a pack holds documents of one file and one
split. So a new document moves none, and another tokenizer leaves each in its split. In memory are
a few documents, one byte and one key for each of them, and one key for each pack.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.config.data_schema import Data
from stillroom.data.encoders.sequence_encoder import SequenceEncoder
from stillroom.data.example_ids import example_ids
from stillroom.data.ingest.splits import SPLITS, split_of
from stillroom.data.raw_examples import portable
from stillroom.data.text.documents import Corpus, Document, Files
from stillroom.data.text.gguf_tokenizer import tokenizer_of
from stillroom.data.text.packing import Format, Pack, Packer
from stillroom.data.text.pydoc_source import Topics
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ConfigError, DataError
from stillroom.io.progress import ticking

DOCUMENTS_AT_ONCE, PACKS_AT_ONCE = 64, 1024
DUPLICATE = len(SPLITS)  # stands for a document that was seen before
SCHEMA: dict[str, Any] = {
    "example_id": pl.Binary(),
    "split": pl.String(),
    "label": pl.Int32(),
    "part": pl.String(),
    "row": pl.Int64(),
    "tokens": pl.List(pl.Int32()),
    "starts": pl.List(pl.Int32()),
    "bytes": pl.Int64(),
}

Splits = NDArray[np.uint8]


@dataclass(slots=True)
class Counts:
    """What was read and what became of it, by split."""

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
        every = {name: {one: found[one] for one in SPLITS} for name, found in named.items()}
        return every | {
            "duplicate_documents": self.duplicate_documents,
            "duplicate_sequences": self.duplicate_sequences,
        }


@dataclass(slots=True)
class CorpusIngest:
    """A corpus whose documents are known, and whose packs are made as they are walked over.

    Attributes:
        data: what to read and how.
        corpus: the documents.
        splits: [documents], the number of each one's split, or DUPLICATE.
        encoder: of the packs.
        counts: of what was seen so far.
    """

    data: Data
    corpus: Corpus
    splits: Splits
    encoder: SequenceEncoder
    counts: Counts

    @classmethod
    def of(cls, data: Data, root: Path) -> "CorpusIngest":
        """Read the documents once, and train a tokenizer where none is given.

        Raises:
            ConfigError: two parameters contradict each other.
            DataError: a document or the tokenizer cannot be used; the message names it.
        """
        corpus = _corpus(data, root)
        splits, counts = _split(corpus, data)
        tokenizer = _tokenizer(data, root, corpus, splits)
        encoder = SequenceEncoder(
            tokenizer=tokenizer,
            task=data.corpus.task,
            length=data.text.length,
            mask_share=data.corpus.mask_share,
            mask_seed=data.seed,
        )
        return cls(data, corpus, splits, encoder, counts)

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the examples, in the order of part and row; to be walked over once."""
        seen: set[bytes] = set()
        rows: list[dict[str, Any]] = []
        for row in self._rows():
            if row["example_id"] in seen:
                self.counts.duplicate_sequences += 1
                continue
            seen.add(row["example_id"])
            self._count(row)
            rows.append(row)
            if len(rows) == PACKS_AT_ONCE:
                yield pl.DataFrame(rows, schema=SCHEMA)
                rows = []
        if rows:
            yield pl.DataFrame(rows, schema=SCHEMA)
        self._check()

    def report(self) -> dict[str, Any]:
        """Return what was read and what became of it, once the frames were walked over."""
        given = self.data.text.tokenizer
        tokenizer = self.encoder.tokenizer
        return {
            "source": self.data.source,
            "path": None if self.data.source == "topics" else portable(self.data.path),
            "versions": self.corpus.versions,
            "files": self.corpus.files,
            "skipped": self.corpus.skipped,
            "tokenizer": {
                "sha256": tokenizer.sha256,
                "vocabulary": tokenizer.size,
                "from": "trained on the train split" if given is None else portable(given),
            },
            **self.counts.to_json(),
        }

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the packs of each file, in the order in which they are full."""
        form = _format(self.encoder)
        form = Format(form.length, form.before, form.after, form.end, self._is_apart)
        part, number = "", 0
        packers: dict[str, Packer] = {}
        for document, split, encoded in self._encoded():
            if document.part != part:
                yield from self._flushed(packers, part, number)
                part, number = document.part, 0
                packers = {name: Packer(form) for name in SPLITS}
            for pack in packers[split].add(document.text, encoded):
                yield self._row(pack, split, part, number)
                number += 1
        yield from self._flushed(packers, part, number)

    @property
    def _is_apart(self) -> bool:
        return not self.data.corpus.cross_documents

    def _flushed(
        self, packers: dict[str, Packer], part: str, number: int
    ) -> Iterator[dict[str, Any]]:
        last = ((name, pack) for name, packer in packers.items() for pack in packer.flush())
        for at, (name, pack) in enumerate(last, start=number):
            yield self._row(pack, name, part, at)

    def _row(self, pack: Pack, split: str, part: str, number: int) -> dict[str, Any]:
        return {
            "example_id": pack.key(self.encoder.tokenizer.sha256),
            "split": split,
            "label": None,
            "part": part,
            "row": number,
            "tokens": pack.tokens,
            "starts": pack.starts,
            "bytes": pack.text_bytes,
        }

    def _encoded(self) -> Iterator[tuple[Document, str, Any]]:
        kept = _kept(self.corpus, self.splits)
        with ticking("tokenising", sum(self.counts.documents.values()), "documents") as ticker:
            while several := list(islice(kept, DOCUMENTS_AT_ONCE)):
                found = self.encoder.tokenizer.encode([document.text for document, _ in several])
                for (document, split), encoded in zip(several, found, strict=True):
                    yield document, split, encoded
                ticker.advance(len(several))

    def _count(self, row: dict[str, Any]) -> None:
        split = row["split"]
        self.counts.sequences[split] += 1
        self.counts.tokens[split] += len(row["tokens"])
        self.counts.bytes[split] += row["bytes"]

    def _check(self) -> None:
        for name in SPLITS:
            if not self.counts.sequences[name]:
                raise DataError(
                    f"The {name} split is empty: {sum(self.counts.documents.values())} documents "
                    "are too few for data.validation and data.test. Add documents, set "
                    "data.documents.cut to paragraph, or change these shares."
                )


def _corpus(data: Data, root: Path) -> Corpus:
    if data.source == "topics":
        return Topics()
    column = data.columns.text or "text"
    return Files.at(root / data.path, data.path, data.documents, column)


def _split(corpus: Corpus, data: Data) -> tuple[Splits, Counts]:
    """Return the split of each document, and how many there are."""
    counts, seen, found = Counts(), set(), []
    for document in corpus:
        (key,) = example_ids("text", (), [document.text])
        if key in seen:
            counts.duplicate_documents += 1
            found.append(DUPLICATE)
            continue
        seen.add(key)
        split = split_of(key, validation=data.validation, test=data.test, seed=data.seed)
        counts.documents[split] += 1
        found.append(SPLITS.index(split))
    return np.array(found, dtype=np.uint8), counts


def _kept(corpus: Corpus, splits: Splits) -> Iterator[tuple[Document, str]]:
    """Yield each document that was not seen before, with its split.

    Raises:
        DataError: there are more or fewer than there were.
    """
    number = 0
    for number, document in enumerate(corpus, start=1):
        if number <= len(splits) and splits[number - 1] != DUPLICATE:
            yield document, SPLITS[splits[number - 1]]
    if number != len(splits):
        raise DataError(
            f"data.path held {len(splits)} documents, and then {number}: it changed while it was "
            "read. Run the stage again."
        )


def _tokenizer(data: Data, root: Path, corpus: Corpus, splits: Splits) -> Tokenizer:
    given = data.text.tokenizer
    if given is None:
        texts = _of_train(corpus, splits)
        return train_tokenizer(texts, data.text.vocabulary, data.corpus.task)
    found = tokenizer_of(root / given)
    if data.corpus.task == "next_token" and found.end is None:
        raise DataError(
            f"the tokenizer of {given} has no end-of-text token, and without one a model never "
            "learns to end. Name it as eos_token in tokenizer_config.json."
        )
    if data.corpus.task == "masked_token" and found.mask is None:
        raise DataError(
            f"the tokenizer of {given} has no mask token, which data.corpus.task=masked_token "
            "needs. Name it as mask_token in tokenizer_config.json, or set next_token."
        )
    return found


def _of_train(corpus: Corpus, splits: Splits) -> Iterable[str]:
    return (document.text for document, split in _kept(corpus, splits) if split == "train")


def _format(encoder: SequenceEncoder) -> Format:
    """Return what a sequence of a task looks like.

    Raises:
        ConfigError: there is no room for a token beside the special ones.
    """
    before, after = encoder.tokenizer.around()
    end = encoder.tokenizer.end
    if encoder.task == "next_token":
        # What the tokenizer puts after a text would stand after each piece, in the midst of it.
        found = Format(encoder.length, tuple(before), (), () if end is None else (end,))
    else:
        found = Format(encoder.length, tuple(before), tuple(after))
    if found.length < found.shortest:
        raise ConfigError(
            f"data.text.length is {found.length}, and the tokenizer's own {found.around} tokens "
            f"around a text leave no room. Set at least {found.shortest}."
        )
    return found
