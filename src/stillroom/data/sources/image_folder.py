"""Image folders: one folder per class, optionally below train/, validation/ (or val/) and test/.

    data.path/cat/1.png                       ──> label cat
    data.path/train/cat/1.png                 ──> label cat, split train
    data.path/1.png, data.path/train/1.png    ──> no label

The part is the folder, and the row is the index in its sorted listing. So a part holds all images
of a class. The hash of a part covers the names and hashes of its files.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from stillroom.config.schema.data_schema import Data
from stillroom.data.images.image_files import SUFFIXES, read_images
from stillroom.data.ingest.splits import ALIASES, SPLITS, canonical_split
from stillroom.data.raw_examples import RawExamples, RawPart, stack_parts, suffix_counts
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.progress import ticking

_SPLIT_FOLDERS = {*SPLITS, *ALIASES}


def read_image_folder(data: Data, root: Path) -> RawExamples:
    """Read all images below `data.path`.

    Raises:
        DataError: there is no image, an image cannot be read, or two differ in size or channels.
    """
    folder = root / data.path
    if not folder.is_dir():
        raise DataError(
            f"data.path {data.path} is not a folder. Set it to a folder with one folder per class."
        )
    parts = [(part, label, split, _images(folder / part)) for part, label, split in _parts(folder)]
    raw_parts, files = [], {}
    with ticking("reading images", sum(len(paths) for *_, paths in parts), "images") as ticker:
        for part, label, split, paths in parts:
            raw_parts.append(_raw_part(folder, part, label, split, paths))
            ticker.advance(len(paths))
            if paths:
                files[part] = sha256_json({path.name: sha256_file(path) for path in paths})
    if not files:
        raise DataError(
            f"data.path {data.path} holds no images ({', '.join(sorted(SUFFIXES))}) in a folder "
            "per class. Add images, or change data.path."
        )
    read = {path for *_, paths in parts for path in paths}
    others = (path for part, *_ in parts for path in (folder / part).iterdir() if path not in read)
    return replace(stack_parts("image", raw_parts, files), skipped=suffix_counts(others))


def _raw_part(
    folder: Path, part: str, label: str | None, split: str | None, paths: list[Path]
) -> RawPart:
    origins = [path.relative_to(folder).as_posix() for path in paths]
    shape, content = read_images(paths, origins)
    return RawPart(
        part=part,
        shape=shape,
        content=pl.Series(content, dtype=pl.Binary()),
        labels=[label] * len(paths),
        splits=[split] * len(paths),
        origins=origins,
    )


def _parts(folder: Path) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield (folder relative to data.path, label, split), sorted."""
    first = _folders(folder)
    if not first or not {path.name for path in first} <= _SPLIT_FOLDERS:
        yield from _classes(folder, ".", None)
        return
    if loose := _images(folder):
        raise DataError(
            f"{loose[0].name} lies beside the folders of the splits. Move it into one of them."
        )
    for path in first:
        yield from _classes(path, path.name, canonical_split(path.name))


def _classes(
    folder: Path, part: str, split: str | None
) -> Iterator[tuple[str, str | None, str | None]]:
    yield part, None, split
    for path in _folders(folder):
        name = path.name if part == "." else f"{part}/{path.name}"
        if below := _folders(path):
            raise DataError(
                f"{name}/{below[0].name} is a folder inside the folder of a class. Move its images "
                "up; only train, validation and test may be above the classes."
            )
        yield name, path.name, split


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    """Return the images of the folder, sorted by name, without hidden files."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
