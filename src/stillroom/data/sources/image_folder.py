"""Image folders: one folder per class, optionally below or above folders of splits.

    data.path/cat/1.png             ──> label cat
    data.path/train/cat/1.png       ──> label cat, split train
    data.path/1.png                 ──> no label

`images.folder_layout` says which layouts are read. The part is the folder, and the row is the index
in its sorted listing. So a part holds all images of a class. The hash of a part covers the names
and hashes of its files; what is hashed are the bytes that are decoded.
"""

from dataclasses import replace
from pathlib import Path

from stillroom.config.schema.data_schema import Data
from stillroom.data.files.whole_file import read_whole
from stillroom.data.images.file_formats import SUFFIXES
from stillroom.data.images.folder_layout import ClassFolder, folder_layout
from stillroom.data.images.folder_listing import FolderReader
from stillroom.data.images.image_set import ImageReader
from stillroom.data.images.pixel_column import PixelColumn
from stillroom.data.notices import Notice
from stillroom.data.raw_examples import RawExamples, RawPart
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_bytes, sha256_json
from stillroom.io.progress import Ticker, ticking


def read_image_folder(data: Data, root: Path) -> RawExamples:
    """Read all images below `data.path`.

    Raises:
        DataError: there is no image, one cannot be read, or two differ in size.
    """
    path = root / data.path
    if not path.is_dir():
        raise DataError(
            f"data.path {data.path} is not a folder. Set it to a folder with one folder per class."
        )
    listing = FolderReader(path, data.follow_links)
    folders, notices = folder_layout(listing)
    filled = [folder for folder in folders if folder.images]
    if not filled:
        raise DataError(
            f"data.path {data.path} holds no images ({', '.join(sorted(SUFFIXES))}) in a folder "
            "per class. Add images, or change data.path."
        )
    reader = ImageReader(data.image, data.limits)
    parts, files = [], {}
    with ticking("reading images", sum(len(one.images) for one in filled), "images") as ticker:
        for folder in filled:
            part, files[folder.part] = _raw_part(path, folder, reader, ticker)
            parts.append(part)
    examples = reader.examples(parts, files)
    unread = [part.part for part in parts if not len(part.content)]
    return replace(
        examples,
        splits_from="the names of the folders" if filled[0].split else None,
        notices=(*notices, *listing.notices(), *examples.notices, *_unread(unread)),
    )


def _raw_part(
    path: Path, folder: ClassFolder, reader: ImageReader, ticker: Ticker
) -> tuple[RawPart, str]:
    """Return the rows of one folder, and one hash over its files."""
    column, origins, rows, hashes = PixelColumn(), [], [], {}
    for row, name in enumerate(folder.images):
        origin = name if folder.part == "." else f"{folder.part}/{name}"
        content = read_whole(path / origin, origin)
        hashes[name] = sha256_bytes(content)
        pixels = reader.read(content, origin)
        if pixels is not None:
            column.append(pixels)
            origins.append(origin)
            rows.append(row)
        ticker.advance()
    part = RawPart(
        part=folder.part,
        shape=(),
        content=column.series(),
        labels=[folder.label] * len(origins),
        splits=[folder.split] * len(origins),
        origins=origins,
        rows=rows,
    )
    return part, sha256_json(hashes)


def _unread(parts: list[str]) -> list[Notice]:
    return [Notice("left_out", f"{part}: none of its images can be read.") for part in parts]
