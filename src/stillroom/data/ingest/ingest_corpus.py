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
from stillroom.data.ingest.corpus_counts import CorpusCounts, require_every_split
from stillroom.data.ingest.document_splits import (
    Splits,
    distinct_documents,
    document_splits,
    text_key,
)
from stillroom.data.ingest.packed_frames import SCHEMA, distinct_frames, packed_rows
from stillroom.data.ingest.splits import TRAIN, split_origins
from stillroom.data.notices import texts_by_kind
from stillroom.data.raw_examples import portable
from stillroom.data.sources.source_kind import TextSource
from stillroom.data.sources.source_registry import source_of
from stillroom.data.text.documents import Corpus
from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.data.text.packing import EncodedText, Packer, SequenceFormat
from stillroom.data.text.tokenizer import Tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ConfigError, DataError
from stillroom.io.progress import ticking

DOCUMENTS_AT_ONCE = 64


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
        splits, counts, present = document_splits(corpus, data, text_key)
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
        form = _sequence_format(self.encoder)
        is_apart = not self.data.corpus.cross_documents
        form = SequenceFormat(form.length, form.before, form.after, form.end, is_apart)
        rows = packed_rows(self._encoded(), lambda: Packer(form), self.encoder.tokenizer.sha256)
        yield from distinct_frames(rows, self.counts, SCHEMA)
        require_every_split(self.counts, "documents")

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

    def _encoded(self) -> Iterator[tuple[str, str, EncodedText]]:
        kept = distinct_documents(self.corpus, self.splits)
        with ticking("tokenising", sum(self.counts.documents.values()), "documents") as ticker:
            while several := list(islice(kept, DOCUMENTS_AT_ONCE)):
                encodings = self.encoder.tokenizer.encode(
                    [document.text for document, _ in several]
                )
                for (document, split), encoded in zip(several, encodings, strict=True):
                    yield document.part, split, EncodedText(document.text, encoded)
                ticker.advance(len(several))


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
