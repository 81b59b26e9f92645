"""Tables: Parquet, Arrow, CSV, TSV, JSON and JSON Lines; one file, or a folder of these.

    label + one of image | text | features (+ split) ──> RawExamples

Without a column of splits, the names of the files give the splits; see `split_files`. `image` is a
path relative to the folder of the table, and never outside of it: data must not choose which other
files of the disk are read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from stillroom.config.schema.data_schema import Columns, Data
from stillroom.data.images.file_formats import SUFFIXES as IMAGE_SUFFIXES
from stillroom.data.images.image_set import ImageReader
from stillroom.data.ingest.splits import TRAIN, canonical_split
from stillroom.data.notices import Notice
from stillroom.data.raw_examples import (
    Kind,
    RawExamples,
    RawPart,
    row_origins,
    stack_parts,
    suffix_counts,
)
from stillroom.data.sources.split_files import SplitFiles, split_files
from stillroom.data.sources.table_folder import table_paths
from stillroom.data.sources.table_images import read_image_column, without_unreadable
from stillroom.data.tables.feature_columns import as_features
from stillroom.data.tables.labels_and_texts import as_labels, as_texts, named_labels
from stillroom.data.tables.table_files import TableColumns, read_columns
from stillroom.data.tables.table_request import TableRequest
from stillroom.errors import ConfigError, DataError


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The columns of a table that are the inputs of a model."""

    kind: Kind
    columns: tuple[str, ...]


def read_table(data: Data, root: Path) -> RawExamples:
    """Read `data.path`, a file or a folder, in the order of the files' names.

    Raises:
        ConfigError: none or several of columns.image, text and features are set.
        DataError: a file, a column or a value cannot be used.
    """
    inputs = _inputs(data.columns)
    paths = table_paths(root / data.path, data)
    named = SplitFiles() if data.columns.split is not None else split_files(paths.parts)
    pieces: list[RawPart] = []
    files: dict[str, str] = {}
    notices = [*paths.notices, *named.notices]
    images = ImageReader(data.image, data.limits)
    for part, path in zip(paths.parts, paths.files, strict=True):
        request = _request(part, data, inputs, notices)
        columns = read_columns(path, request)
        files[part] = columns.sha256
        piece, hashes = _piece(path, columns, request, data, inputs, images)
        pieces.append(_with_split(piece, named, notices))
        files |= hashes
    is_image = inputs.kind == "image"
    raw = images.examples(pieces, files) if is_image else stack_parts(inputs.kind, pieces, files)
    if data.columns.split is not None:
        notices += _converted_splits(raw.frame, data.columns.split)
    return replace(
        raw,
        skipped=suffix_counts(p for p in paths.others if p.suffix.lower() not in IMAGE_SUFFIXES),
        splits_from=_splits_from(named, data.columns),
        notices=(*notices, *raw.notices),
    )


def _inputs(columns: Columns) -> _Inputs:
    named: list[tuple[Kind, tuple[str, ...]]] = [
        ("image", () if columns.image is None else (columns.image,)),
        ("text", () if columns.text is None else (columns.text,)),
        ("features", tuple(columns.features)),
    ]
    configured = [_Inputs(kind, names) for kind, names in named if names]
    if len(configured) != 1:
        words = ", ".join(f"data.columns.{inputs.kind}" for inputs in configured) or "none"
        raise ConfigError(
            "Exactly one of data.columns.image, data.columns.text and data.columns.features must "
            f"be set; given: {words}."
        )
    names = configured[0].columns
    if columns.label in names or len(set(names)) < len(names):
        raise ConfigError(
            f"data.columns.{configured[0].kind} lists a column twice, or lists the label "
            f"({columns.label}). List each input column once."
        )
    return configured[0]


def _request(part: str, data: Data, inputs: _Inputs, notices: list[Notice]) -> TableRequest:
    label, split = data.columns.label, data.columns.split
    wanted = dict.fromkeys([*inputs.columns, label, *([] if split is None else [split])])
    return TableRequest(
        part=part,
        wanted=tuple(wanted),
        limits=data.limits,
        optional=frozenset([label] if data.unlabelled == "keep" else []),
        hints={label: "If its rows have no labels, set data.unlabelled=keep."},
        csv=data.csv,
        notices=notices,
    )


def _piece(
    path: Path,
    columns: TableColumns,
    request: TableRequest,
    data: Data,
    inputs: _Inputs,
    images: ImageReader,
) -> tuple[RawPart, dict[str, str]]:
    """Return the rows of one file, and the hashes of the files that it names."""
    part, frame, names = request.part, columns.frame, data.columns
    shape: tuple[int, ...] = ()
    hashes: dict[str, str] = {}
    match inputs.kind:
        case "text":
            content = as_texts(frame[inputs.columns[0]], part)
        case "features":
            content = as_features(frame.select(inputs.columns), part, request.notices)
            shape = (len(content[0]),) if len(content) else ()
        case "image":
            column, folder = frame[inputs.columns[0]], path.parent
            read = read_image_column(column, folder, part, images, follow_links=data.follow_links)
            content = read.content
            if read.sha256 is not None:
                hashes[f"{part} (images)"] = read.sha256
    piece = RawPart(
        part=part,
        shape=shape,
        content=content,
        labels=_labels(columns, names.label, request),
        splits=_nothing(frame) if names.split is None else as_labels(frame[names.split], part),
        origins=row_origins(part, frame.height),
    )
    return without_unreadable(piece), hashes


def _labels(columns: TableColumns, name: str, request: TableRequest) -> pl.Series:
    frame, part = columns.frame, request.part
    if name in frame.columns:
        return named_labels(frame[name], columns.class_names.get(name), part, request.notices)
    words = f"{part} has no column {name}: its {frame.height:,} rows are unlabelled."
    request.notices.append(Notice("guessed", words))
    return _nothing(frame)


def _nothing(frame: pl.DataFrame) -> pl.Series:
    return pl.repeat(None, frame.height, dtype=pl.String(), eager=True)


def _with_split(piece: RawPart, named: SplitFiles, notices: list[Notice]) -> RawPart:
    """Return the rows with the split that the name of their file gives."""
    split = named.splits.get(piece.part)
    if piece.part in named.undecided:
        if pl.Series(piece.labels, dtype=pl.String()).count():
            raise DataError(
                f"The name of {piece.part} holds no word for a split, but those of other files do. "
                "Rename it (train, validation or test), move it elsewhere, or set "
                "data.columns.split."
            )
        split = TRAIN
        notices.append(Notice("guessed", f"{piece.part} has no labels, so it is for training."))
    return piece if split is None else replace(piece, splits=[split] * len(piece.content))


def _converted_splits(frame: pl.DataFrame, name: str) -> Iterator[Notice]:
    """Yield a notice for each value of the column of splits that is another word for a split."""
    for value, count in frame["split"].drop_nulls().value_counts().sort("split").iter_rows():
        if (split := canonical_split(value)) not in (None, value):
            words = f"Column {name}: {value!r} is read as {split} ({count:,} rows)."
            yield Notice("converted", words)


def _splits_from(named: SplitFiles, columns: Columns) -> str | None:
    if columns.split is not None:
        return f"column {columns.split}"
    return "file names" if named.splits else None
