"""Ingest of a corpus: documents in; packs of their tokens, the encoder and a report out.

    documents ──keyed, de-duplicated──> a split for each ──tokenizer, trained on train──┐
    documents, read again ──tokens──> packs of each file and split ────────────────────┴──> examples

The split of a document is that of its file, or depends only on its text. A pack holds documents of
one file and one split. So a new document, or another tokenizer, does not change the split of any
document. The memory holds a few documents, a few bytes and one key for each document, and one key
for each pack.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from stillroom.config.schema.data_schema import Data
from stillroom.data.encoders.sequence_encoder import SequenceEncoder
from stillroom.data.ingest.corpus_counts import CorpusCounts
from stillroom.data.ingest.document_splits import Splits, distinct_documents, document_splits
from stillroom.data.ingest.splits import SPLITS, TRAIN, split_origins
from stillroom.data.notices import texts_by_kind
from stillroom.data.raw_examples import portable
from stillroom.data.sources.source_kind import TextSource
from stillroom.data.sources.source_registry import source_of
from stillroom.data.text.documents import Corpus, Document
from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.data.text.packing import Pack, Packer, SequenceFormat
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ConfigError, DataError
from stillroom.io.progress import ticking

DOCUMENTS_AT_ONCE, PACKS_AT_ONCE = 64, 1024
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


@dataclass(slots=True)
class CorpusIngest:
    """A corpus whose documents have been read once; `frames` makes its packs.

    Attributes:
        data: the parameters: what to read, and how.
        source: what `data.source` names.
        corpus: the documents.
        splits: [documents], the index of each document's split in SPLITS, or DUPLICATE.
        encoder: the encoder of the packs.
        counts: how much was read so far.
        present: the splits that the documents have from their source.
    """

    data: Data
    source: TextSource
    corpus: Corpus
    splits: Splits
    encoder: SequenceEncoder
    counts: CorpusCounts
    present: frozenset[str]

    @classmethod
    def of(cls, data: Data, root: Path) -> "CorpusIngest":
        """Read the documents once, and train a tokenizer unless one is set.

        Raises:
            ConfigError: two parameters contradict each other.
            DataError: a document or the tokenizer cannot be used; the message names it.
        """
        source = source_of(data)
        if not isinstance(source, TextSource):
            raise ConfigError(f"data.source {data.source} gives examples, not running text.")
        corpus = source.documents(data, root)
        splits, counts, present = document_splits(corpus, data)
        tokenizer = _tokenizer(data, root, corpus, splits)
        encoder = SequenceEncoder(
            tokenizer=tokenizer,
            task=data.corpus.task,
            length=data.text.length,
            mask_share=data.corpus.mask_share,
            mask_seed=data.seed,
        )
        return cls(data, source, corpus, splits, encoder, counts, present)

    def frames(self) -> Iterator[pl.DataFrame]:
        """Yield the examples, in the order of part and row; call it only once."""
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
        """Return the report; call it after the last of `frames`."""
        configured = self.data.text.tokenizer
        tokenizer = self.encoder.tokenizer
        return {
            "source": self.data.source,
            "path": portable(self.data.path) if self.source.reads_path else None,
            "versions": self.corpus.versions,
            "files": self.corpus.files,
            "skipped": self.corpus.skipped,
            "splits_from": split_origins(
                self.present, self.corpus.splits_from, self.data.validation, self.data.test
            ),
            "notices": texts_by_kind(self.corpus.notices),
            "tokenizer": {
                "sha256": tokenizer.sha256,
                "vocabulary": tokenizer.size,
                "from": "trained on the train split"
                if configured is None
                else portable(configured),
            },
            **self.counts.to_json(),
        }

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Yield the packs of each file, in the order in which they become full."""
        form = _sequence_format(self.encoder)
        form = SequenceFormat(form.length, form.before, form.after, form.end, self._is_apart)
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
        kept = distinct_documents(self.corpus, self.splits)
        with ticking("tokenising", sum(self.counts.documents.values()), "documents") as ticker:
            while several := list(islice(kept, DOCUMENTS_AT_ONCE)):
                encodings = self.encoder.tokenizer.encode(
                    [document.text for document, _ in several]
                )
                for (document, split), encoded in zip(several, encodings, strict=True):
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


def _tokenizer(data: Data, root: Path, corpus: Corpus, splits: Splits) -> Tokenizer:
    configured = data.text.tokenizer
    if configured is None:
        texts = _train_texts(corpus, splits)
        return train_tokenizer(texts, data.text.vocabulary, data.corpus.task)
    tokenizer = read_model_tokenizer(root / configured)
    if data.corpus.task == "next_token" and tokenizer.end is None:
        raise DataError(
            f"The tokenizer of {configured} has no end-of-text token, without which a model never "
            "learns to end a text. Set eos_token in its tokenizer_config.json."
        )
    if data.corpus.task == "masked_token" and tokenizer.mask is None:
        raise DataError(
            f"The tokenizer of {configured} has no mask token, which data.corpus.task=masked_token "
            "needs. Set mask_token in its tokenizer_config.json, or data.corpus.task=next_token."
        )
    return tokenizer


def _train_texts(corpus: Corpus, splits: Splits) -> Iterable[str]:
    return (
        document.text for document, split in distinct_documents(corpus, splits) if split == TRAIN
    )


def _sequence_format(encoder: SequenceEncoder) -> SequenceFormat:
    """Return the format of the sequences of a task.

    Raises:
        ConfigError: the special tokens leave no room for another token.
    """
    before, after = encoder.tokenizer.special_affixes()
    end = encoder.tokenizer.end
    if encoder.task == "next_token":
        # A token that the tokenizer puts after a text would follow each piece of the text.
        form = SequenceFormat(encoder.length, tuple(before), (), () if end is None else (end,))
    else:
        form = SequenceFormat(encoder.length, tuple(before), tuple(after))
    if form.length < form.shortest:
        raise ConfigError(
            f"data.text.length is {form.length}, but the tokenizer puts {form.affix_count} special "
            f"tokens around a text. Set it to at least {form.shortest}."
        )
    return form
