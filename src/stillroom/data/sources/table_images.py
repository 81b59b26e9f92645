"""Image columns of tables: a column in, the pixels of each row out.

    text                      a path, relative to the folder of the table
    bytes                     the content of an image file
    {bytes, path}             as the Hub writes images: the bytes, else the path

A path never leads out of the folder of the table: data must not choose which files of the disk are
read. Nothing is downloaded.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import polars as pl

from stillroom.data.files.input_folder import InputFolder
from stillroom.data.files.whole_file import read_whole
from stillroom.data.images.image_set import ImageReader
from stillroom.data.images.pixel_column import PixelColumn
from stillroom.data.raw_examples import RawPart
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_bytes, sha256_json
from stillroom.io.progress import ticking

_BASE64 = re.compile(r"(data:[^,]{0,100},)?[A-Za-z0-9+/=_\s-]{200,}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://")


@dataclass(frozen=True, slots=True)
class ImageColumn:
    """The images of a column.

    Attributes:
        content: the pixels of each row; null where the image is unreadable and is left out.
        sha256: one hash over the files that the column names; None if it names none.
    """

    content: pl.Series
    sha256: str | None


def read_image_column(
    column: pl.Series, folder: Path, part: str, reader: ImageReader, *, follow_links: bool
) -> ImageColumn:
    """Read the images of a column.

    Args:
        column: paths, bytes, or both.
        folder: the folder of the table.
        part: the name of the table in messages.
        reader: decodes the images; one reads all tables of a data set.
        follow_links: whether links may lead out of the folder.

    Raises:
        DataError: the column has another type, a row has no image, a path leads out of the folder,
            or an image cannot be read.
    """
    files = _Files(folder.resolve(), follow_links, {})
    pixels = PixelColumn()
    with ticking("reading images", len(column), "images") as ticker:
        for row, cell in enumerate(_cells(column, part)):
            origin = f"{part} row {row}"
            if cell.content is not None:
                content = cell.content
            elif cell.path is not None:
                origin = f"{origin} ({cell.path[:200]})"
                content = files.read(cell.path, origin)
            else:
                raise DataError(f"{origin} holds no image. Add it, or remove the row.")
            pixels.append(reader.read(content, origin))
            ticker.advance()
    digest = sha256_json(files.hashes) if files.hashes else None
    return ImageColumn(pixels.series(), digest)


def without_unreadable(part: RawPart) -> RawPart:
    """Return the rows of a part that have a content; they keep their row numbers."""
    if not part.content.null_count():
        return part
    rows = part.content.is_not_null().arg_true()
    return replace(
        part,
        content=part.content.gather(rows),
        labels=pl.Series(part.labels, dtype=pl.String()).gather(rows),
        splits=pl.Series(part.splits, dtype=pl.String()).gather(rows),
        origins=[part.origins[row] for row in rows],
        rows=rows.to_list(),
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    """An image as a row has it: its bytes, or where they lie."""

    content: bytes | None
    path: str | None


def _cells(column: pl.Series, part: str) -> Iterator[_Cell]:
    match column.dtype:
        case pl.Null():
            return (_Cell(None, None) for _ in column)
        case pl.String():
            return (_Cell(None, path) for path in column)
        case pl.Binary():
            return (_Cell(content, None) for content in column)
        case pl.Struct() if _is_image_struct(column.dtype):
            return (_struct_cell(value or {}) for value in column)
    raise DataError(
        f"{part}: column {column.name} is {column.dtype}; allowed: paths as text, the bytes of "
        "image files, or both as {bytes, path}. Write arrays of pixels into image files first, "
        "or name another column in data.columns.image."
    )


def _is_image_struct(dtype: pl.DataType) -> bool:
    allowed = {"bytes": (pl.Binary(), pl.Null()), "path": (pl.String(), pl.Null())}
    fields = dtype.fields if isinstance(dtype, pl.Struct) else []
    return bool(fields) and all(one.dtype in allowed.get(one.name, ()) for one in fields)


def _struct_cell(value: Mapping[str, object]) -> _Cell:
    content, path = value.get("bytes"), value.get("path")
    return _Cell(
        content if isinstance(content, bytes) else None, path if isinstance(path, str) else None
    )


@dataclass(frozen=True, slots=True)
class _Files:
    """Reads the files that a column names, and keeps their hashes by name."""

    folder: Path
    follow_links: bool
    hashes: dict[str, str]

    def read(self, name: str, origin: str) -> bytes:
        content = read_whole(self._inside(name, origin), origin)
        self.hashes[name] = sha256_bytes(content)
        return content

    def _inside(self, name: str, origin: str) -> Path:
        _refuse_other_forms(name, origin)
        path = Path(os.path.normpath(self.folder / name))
        if PurePath(name).is_absolute() or not path.is_relative_to(self.folder):
            raise DataError(
                f"{origin}: the image path leads out of the folder of the table. Set it to a path "
                "that is relative to that folder and stays inside it."
            )
        try:
            return InputFolder(self.folder, self.follow_links).require_inside(path)
        except DataError as error:
            raise DataError(f"{origin}: {error}") from error


def _refuse_other_forms(name: str, origin: str) -> None:
    where = origin.split(" (")[0]
    if _URL.match(name):
        raise DataError(
            f"{origin} is the address of an image; nothing is downloaded. Download the images, and "
            "write their paths into the column."
        )
    if _BASE64.fullmatch(name) and "." not in name[-6:]:
        raise DataError(
            f"{where} holds an image as base64 text, which is not read. Write a Parquet file with "
            "its bytes, or a file whose path stands in the column."
        )
