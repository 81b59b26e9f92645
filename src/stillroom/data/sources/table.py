"""Tables: Parquet, CSV or JSONL; one file, or a folder of these.

    label + one of image | text | features (+ split) ──> RawExamples

Without a column of splits, the names of the files give the splits (train.csv, test.csv, …), if all
files of the folder have such names. `image` is a path relative to the folder of the table, and
never outside of it: data must not choose which other files of the disk are read.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from stillroom.config.schema.data_schema import Columns, Data
from stillroom.data.images.image_files import SUFFIXES as IMAGE_SUFFIXES
from stillroom.data.ingest.splits import canonical_split
from stillroom.data.raw_examples import (
    Kind,
    RawExamples,
    RawPart,
    row_origins,
    stack_parts,
    suffix_counts,
)
from stillroom.data.sources.table_images import read_image_column
from stillroom.data.tables.column_values import as_features, as_labels, as_texts
from stillroom.data.tables.table_files import SUFFIXES, read_columns
from stillroom.errors import ConfigError, DataError
from stillroom.io.files.hashing import sha256_file


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
    pieces: list[RawPart] = []
    files: dict[str, str] = {}
    paths = _files(root / data.path, data.path)
    splits = _named_splits(paths)
    for path in paths:
        piece, hashes = _read(path, data.columns, inputs, splits.get(path))
        pieces.append(piece)
        files |= hashes
    return replace(
        stack_parts(inputs.kind, pieces, files), skipped=_skipped(root / data.path, paths)
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


def _files(path: Path, configured: str) -> list[Path]:
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return [path]
    if not path.exists():
        raise DataError(
            f"data.path {configured} does not exist. Set it to a table, or a folder of tables."
        )
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else []
    tables = [p for p in files if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    if not tables:
        raise DataError(f"data.path {configured} holds no table. Allowed: {', '.join(SUFFIXES)}.")
    return tables


def _named_splits(paths: list[Path]) -> dict[Path, str]:
    """Return the split that each file's name gives; {} for one file, or if a name gives none."""
    names = {path: canonical_split(path.stem.lower()) for path in paths}
    named = {path: name for path, name in names.items() if name is not None}
    return named if len(named) == len(paths) > 1 else {}


def _skipped(path: Path, tables: list[Path]) -> dict[str, int]:
    """Count the other files of the folder; images do not count, since a table may list them."""
    beside = path.iterdir() if path.is_dir() else ()
    read = {*SUFFIXES, *IMAGE_SUFFIXES}
    return suffix_counts(p for p in beside if p not in tables and p.suffix.lower() not in read)


def _read(
    path: Path, columns: Columns, inputs: _Inputs, split: str | None
) -> tuple[RawPart, dict[str, str]]:
    wanted = dict.fromkeys([columns.label, *inputs.columns])
    if columns.split is not None:
        wanted[columns.split] = None
    part = path.name
    frame = read_columns(path, part, list(wanted))
    files = {part: sha256_file(path)}
    shape: tuple[int, ...] = ()
    match inputs.kind:
        case "text":
            content = as_texts(frame[inputs.columns[0]], part)
        case "features":
            content = as_features(frame.select(inputs.columns), part)
            shape = (len(inputs.columns),)
        case "image":
            images = read_image_column(frame[inputs.columns[0]], path.parent, part)
            shape, content = images.shape, images.content
            files[f"{part} (images)"] = images.sha256
    piece = RawPart(
        part=part,
        shape=shape,
        content=content,
        labels=as_labels(frame[columns.label], part),
        splits=pl.repeat(split, frame.height, dtype=pl.String(), eager=True)
        if columns.split is None
        else as_labels(frame[columns.split], part),
        origins=row_origins(part, frame.height),
    )
    return piece, files
