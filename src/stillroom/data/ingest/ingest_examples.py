"""Ingest: a source in, the examples, their encoder and a report out.

    data.source ──read──> RawExamples ──key, clean──> distinct ──split──> examples ──fit──> encoder
                                               └────────── counts ──────────> report

Nothing is written here, so an error leaves no partial result.
"""

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from stillroom.config.schema.data_schema import Data, Text
from stillroom.data.encoders import Encoder, TokenEncoder, fit_encoder
from stillroom.data.example_ids import example_ids
from stillroom.data.ingest.classes import class_names, label_indices
from stillroom.data.ingest.cleaning import CleaningResult, Conflict, clean
from stillroom.data.ingest.label_forms import unified_labels
from stillroom.data.ingest.splits import (
    SPLITS,
    TRAIN,
    assign_splits,
    canonical_splits,
    check_splits,
    keep_labels,
    split_origins,
)
from stillroom.data.notices import texts_by_kind
from stillroom.data.raw_examples import RawExamples, portable
from stillroom.data.sources.source_kind import ExampleSource
from stillroom.data.sources.source_registry import source_of
from stillroom.data.text.model_tokenizer import read_model_tokenizer
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ConfigError, DataError

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicts:
    """Inputs with several labels, and how they were treated."""

    treatment: str
    inputs: int
    dropped: int
    examples: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """How texts became tokens, and how many texts were truncated."""

    tokenizer: str  # SHA-256
    come_from: str  # as configured; only the last name of an absolute path
    vocabulary: int
    length: int
    cut: dict[str, int]  # split -> rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How many rows were read, and how they were used.

    rows read = examples of all splits + duplicates + leaked + conflicts.dropped.

    The report holds no absolute path, so that clones of the project write the same bytes.
    """

    source: str
    path: str | None  # as configured; only the last name of an absolute path; null: none
    versions: dict[str, str]
    files: dict[str, str]  # name -> SHA-256
    rows_read: dict[str, int]  # part -> rows
    duplicates: int
    leaked: int
    conflicts: Conflicts
    examples: dict[str, int]  # split -> rows
    skipped: dict[str, int]  # suffix -> files next to the data that were not read
    splits_from: dict[str, str]  # split -> where it comes from, in words
    notices: dict[str, list[str]]  # kind -> sentences
    labelled: dict[str, int]
    unlabelled: dict[str, int]
    classes: dict[str, dict[str, int]]  # split -> class -> labelled rows
    tokens: Tokens | None  # None if the inputs are not encoded as tokens

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {name: value for name, value in asdict(self).items() if value or name != "tokens"}


@dataclass(frozen=True, slots=True)
class IngestResult:
    """`examples` has the columns of docs/design.md, sorted by part, then row."""

    examples: pl.DataFrame
    encoder: Encoder
    report: Report


def ingest(data: Data, root: Path) -> IngestResult:
    """Read, check, split and describe the data.

    Args:
        data: the parameters: what to read, and how.
        root: the folder from which a relative `data.path` starts.

    Raises:
        ConfigError: two parameters contradict each other.
        DataError: the data cannot be used; the message names the file and the row.
    """
    source = source_of(data)
    if not isinstance(source, ExampleSource):
        raise ConfigError(f"data.source {data.source} gives running text, not examples.")
    raw = unified_labels(source.read(data, root), data.normalise_labels, data.classes)
    if data.unlabelled == "refuse":
        _check_labelled(raw.frame)
    keyed = canonical_splits(raw.frame).with_columns(
        example_id=pl.Series(example_ids(raw.kind, raw.shape, _contents(raw)), dtype=pl.Binary())
    )
    classes = class_names(keyed, data.classes)
    cleaned = clean(keyed, data.conflicts)
    split = assign_splits(cleaned.frame, validation=data.validation, test=data.test, seed=data.seed)
    kept = keep_labels(
        split, fraction=data.label_fraction, per_class=data.labels_per_class, seed=data.seed
    )
    check_splits(kept)
    examples = (
        label_indices(kept, classes)
        .select("example_id", "split", "label", "part", "row", pl.col("content").alias(raw.kind))
        .sort("part", "row")
    )
    train = examples.filter(pl.col("split") == TRAIN)
    if raw.kind == "text" and data.text.encoding == "tokens":
        encoder: Encoder = _fit_tokens(train, data.text, classes, root)
    else:
        encoder = fit_encoder(train, raw.kind, classes, raw.shape)
    path = portable(data.path) if source.reads_path else None
    return IngestResult(examples, encoder, _report(data, path, raw, cleaned, examples, encoder))


def _check_labelled(frame: pl.DataFrame) -> None:
    missing = frame.filter(pl.col("label").is_null())
    if missing.height:
        raise DataError(
            f"{missing['origin'][0]} has no label; {missing.height} such rows in all. Label them, "
            "or set data.unlabelled=keep."
        )


def _fit_tokens(
    train: pl.DataFrame, text: Text, classes: tuple[str, ...], root: Path
) -> TokenEncoder:
    """Return the encoder of texts as tokens; train a tokenizer unless one is set.

    Raises:
        ConfigError: the vocabulary or the length is too small.
        DataError: the tokenizer cannot be used.
    """
    if text.tokenizer is None:
        tokenizer = train_tokenizer(train["text"], text.vocabulary, "classification")
    else:
        tokenizer = read_model_tokenizer(root / text.tokenizer)
    return TokenEncoder.of(tokenizer, classes, text.length)


def _contents(raw: RawExamples) -> Iterable[Any]:
    column = raw.frame["content"]
    if raw.kind == "features":
        return column.explode().to_numpy().reshape(len(column), *raw.shape)
    return column


def _report(
    data: Data,
    path: str | None,
    raw: RawExamples,
    cleaned: CleaningResult,
    examples: pl.DataFrame,
    encoder: Encoder,
) -> Report:
    splits = {name: examples.filter(pl.col("split") == name)["label"] for name in SPLITS}
    return Report(
        source=data.source,
        path=path,
        versions=raw.versions,
        files=raw.files,
        rows_read=dict(raw.frame["part"].value_counts().sort("part").iter_rows()),
        skipped=raw.skipped,
        splits_from=split_origins(
            cleaned.frame["split"].drop_nulls().unique().to_list(),
            raw.splits_from,
            data.validation,
            data.test,
        ),
        notices=texts_by_kind(raw.notices),
        duplicates=cleaned.duplicates,
        leaked=cleaned.leaked,
        conflicts=Conflicts(
            treatment=data.conflicts,
            inputs=cleaned.conflicting,
            dropped=cleaned.dropped,
            examples=cleaned.conflicts,
        ),
        examples={name: len(labels) for name, labels in splits.items()},
        labelled={name: labels.count() for name, labels in splits.items()},
        unlabelled={name: labels.null_count() for name, labels in splits.items()},
        classes={name: _class_counts(labels, encoder.classes) for name, labels in splits.items()},
        tokens=_tokens(encoder, data, examples) if isinstance(encoder, TokenEncoder) else None,
    )


def _tokens(encoder: TokenEncoder, data: Data, examples: pl.DataFrame) -> Tokens:
    configured = data.text.tokenizer
    cut = {
        name: encoder.count_truncated(examples.filter(pl.col("split") == name)) for name in SPLITS
    }
    if sum(cut.values()):
        _LOG.warning(
            "%d of %d texts are longer than %d tokens and are truncated. Raise data.text.length to "
            "keep them whole.",
            sum(cut.values()),
            examples.height,
            encoder.length,
        )
    return Tokens(
        tokenizer=encoder.tokenizer.sha256,
        come_from="trained on the train split" if configured is None else portable(configured),
        vocabulary=encoder.tokenizer.size,
        length=encoder.length,
        cut=cut,
    )


def _class_counts(labels: pl.Series, classes: tuple[str, ...]) -> dict[str, int]:
    counts = np.bincount(labels.drop_nulls().to_numpy(), minlength=len(classes))
    return dict(zip(classes, counts.tolist(), strict=True))
