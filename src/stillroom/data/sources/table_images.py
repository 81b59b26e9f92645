"""Image columns of tables: a column of paths in, the pixels of each row out.

A path is relative to the folder of the table, and never leads out of it.
"""

from dataclasses import dataclass
from pathlib import Path, PurePath

import polars as pl

from stillroom.data.images.image_files import read_images
from stillroom.data.tables.column_values import as_texts
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_file, sha256_json


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """The images of a column: their shape, their pixels, and one hash over their files."""

    shape: tuple[int, ...]
    content: pl.Series
    sha256: str


def read_image_column(column: pl.Series, folder: Path, part: str) -> ImageColumn:
    """Read the images that a column names.

    Args:
        column: the paths.
        folder: the folder of the table.
        part: the name of the table in messages.

    Raises:
        DataError: a path leads out of the folder, or an image cannot be read.
    """
    names = as_texts(column, part)
    origins = [f"{part} row {row} ({name})" for row, name in enumerate(names)]
    paths = [_inside(folder, name, origin) for name, origin in zip(names, origins, strict=True)]
    shape, content = read_images(paths, origins)
    digest = sha256_json({name: sha256_file(p) for name, p in zip(names, paths, strict=True)})
    return ImageColumn(shape, pl.Series(content, dtype=pl.Binary()), digest)


def _inside(folder: Path, name: str, origin: str) -> Path:
    folder = folder.resolve()
    try:
        path = (folder / name).resolve()
    except (OSError, ValueError, RuntimeError):  # A null byte, a loop of links.
        raise DataError(f"{origin}: the image path is not a path. Correct it.") from None
    if PurePath(name).is_absolute() or not path.is_relative_to(folder):
        raise DataError(
            f"{origin}: the image path leads out of the folder of the table. Set it to a path that "
            "is relative to that folder and stays inside it."
        )
    return path
