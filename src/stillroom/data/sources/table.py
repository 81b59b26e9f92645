"""Table: Parquet, CSV or JSONL; one file, or a folder of such files.

    label + one of image | text | features (+ split) ──> Raw

Where no column names a split, a folder of nothing but train.csv, test.csv and the like does.
`image` names files relative to the table's own folder, and never outside of it: a table is data,
and data must not choose what is read from the rest of the disk.
"""

from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import polars as pl

from stillroom.config.data_schema import Columns, Data
from stillroom.data.images.image_files import SUFFIXES as IMAGE_SUFFIXES
from stillroom.data.images.image_files import read_images
from stillroom.data.ingest.splits import canonical_split
from stillroom.data.raw_examples import Kind, Piece, Raw, gather, row_origins, suffix_counts
from stillroom.data.tables.column_values import as_features, as_labels, as_texts
from stillroom.data.tables.table_files import SUFFIXES, read_columns
from stillroom.errors import ConfigError, DataError
from stillroom.io.files.hashing import sha256_file, sha256_json


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What of a table the model will see."""

    kind: Kind
    columns: tuple[str, ...]


def read_table(data: Data, root: Path) -> Raw:
    """Read `data.path`, a file or a folder, in the order of the files' names.

    Raises:
        ConfigError: not exactly one of columns.image, text and features is set.
        DataError: a file, a column or a value cannot be used.
    """
    inputs = _inputs(data.columns)
    pieces: list[Piece] = []
    files: dict[str, str] = {}
    paths = _files(root / data.path, data.path)
    splits = _named_splits(paths)
    for path in paths:
        piece, hashes = _read(path, data.columns, inputs, splits.get(path))
        pieces.append(piece)
        files |= hashes
    return replace(gather(inputs.kind, pieces, files), skipped=_skipped(root / data.path, paths))


def _inputs(columns: Columns) -> _Inputs:
    named: list[tuple[Kind, tuple[str, ...]]] = [
        ("image", () if columns.image is None else (columns.image,)),
        ("text", () if columns.text is None else (columns.text,)),
        ("features", tuple(columns.features)),
    ]
    given = [_Inputs(kind, names) for kind, names in named if names]
    if len(given) != 1:
        words = ", ".join(f"data.columns.{inputs.kind}" for inputs in given) or "none"
        raise ConfigError(
            f"Exactly one of data.columns.image, text and features must be set; given: {words}."
        )
    names = given[0].columns
    if columns.label in names or len(set(names)) < len(names):
        raise ConfigError(
            f"data.columns.{given[0].kind} names a column twice, or the label "
            f"({columns.label}). Name each input column once."
        )
    return given[0]


def _files(path: Path, given: str) -> list[Path]:
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        return [path]
    if not path.exists():
        raise DataError(f"data.path {given} does not exist. Name a table, or a folder of tables.")
    found = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else []
    tables = [p for p in found if p.suffix.lower() in SUFFIXES and not p.name.startswith(".")]
    if not tables:
        raise DataError(f"data.path {given} holds no table. Allowed: {', '.join(SUFFIXES)}.")
    return tables


def _named_splits(paths: list[Path]) -> dict[Path, str]:
    """Return the split that each of several files is named after; none, where one is not."""
    names = {path: canonical_split(path.stem.lower()) for path in paths}
    named = {path: name for path, name in names.items() if name is not None}
    return named if len(named) == len(paths) > 1 else {}


def _skipped(path: Path, tables: list[Path]) -> dict[str, int]:
    """Count what lies beside the tables; images do not count, since a table may name them."""
    beside = path.iterdir() if path.is_dir() else ()
    read = {*SUFFIXES, *IMAGE_SUFFIXES}
    return suffix_counts(p for p in beside if p not in tables and p.suffix.lower() not in read)


def _read(
    path: Path, columns: Columns, inputs: _Inputs, split: str | None
) -> tuple[Piece, dict[str, str]]:
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
            names = as_texts(frame[inputs.columns[0]], part)
            shape, content, digest = _images(path, names)
            files[f"{part} (images)"] = digest
    piece = Piece(
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


def _images(table: Path, names: pl.Series) -> tuple[tuple[int, ...], pl.Series, str]:
    """Return the shape, the pixels of each row, and one hash over the image files."""
    origins = [f"{table.name} row {row} ({name})" for row, name in enumerate(names)]
    paths = [_inside(table, name, origin) for name, origin in zip(names, origins, strict=True)]
    shape, content = read_images(paths, origins)
    digest = sha256_json({name: sha256_file(p) for name, p in zip(names, paths, strict=True)})
    return shape, pl.Series(content, dtype=pl.Binary()), digest


def _inside(table: Path, name: str, origin: str) -> Path:
    folder = table.parent.resolve()
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):  # A null byte, a loop of links.
        raise DataError(f"{origin}: the image path is not a path. Mend it.") from None
    if PurePath(name).is_absolute() or not path.is_relative_to(folder):
        raise DataError(
            f"{origin}: the image path leads out of the table's folder. Allowed are paths below "
            "it, relative to it."
        )
    return path
