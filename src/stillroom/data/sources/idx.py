"""Idx files: the format of MNIST and similar data, gzipped or not, in the folder data.path.

    train-images-idx3-ubyte[.gz] + train-labels-idx1-ubyte[.gz]  ──┐
    t10k-images-idx3-ubyte[.gz]  + t10k-labels-idx1-ubyte[.gz]   ──┴──> raw images, h x w x 1

An idx file is a magic number, the dimensions as big-endian uint32, and the bytes. With both pairs
the source has its own splits; with only the train pair it has none. The part is the file of the
images.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import polars as pl

from stillroom.config.schema.data_schema import Data
from stillroom.data.ingest.splits import TEST, TRAIN
from stillroom.data.raw_examples import (
    MOST_IMAGES_BYTES,
    RawExamples,
    RawPart,
    row_origins,
    stack_parts,
)
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_file

_IMAGES = (0x00000803, "images-idx3-ubyte")
_LABELS = (0x00000801, "labels-idx1-ubyte")
_BLOCK = 2**20


def read_idx(data: Data, root: Path) -> RawExamples:
    """Read the train pair, and the t10k pair if it exists.

    Raises:
        DataError: a file is missing, truncated, too long or not an idx file, or the counts of a
            pair differ.
    """
    folder = root / data.path
    if not folder.is_dir():
        raise DataError(
            f"data.path {data.path} is not a folder. Set it to the folder of the idx files."
        )
    has_test = any(_candidates(folder, "t10k", name) for _, name in (_IMAGES, _LABELS))
    parts: list[RawPart] = []
    files: dict[str, str] = {}
    for prefix, split in (("train", TRAIN), ("t10k", TEST))[: 2 if has_test else 1]:
        images, labels = (_find(folder, prefix, name) for _, name in (_IMAGES, _LABELS))
        parts.append(_part(images, labels, split if has_test else None))
        files |= {path.name: sha256_file(path) for path in (images, labels)}
    return stack_parts("image", parts, files)


def read_idx_file(path: Path, magic: int) -> tuple[tuple[int, ...], bytes]:
    """Read one idx file of unsigned bytes.

    At most one byte more than the header promises is unpacked, so a gzip bomb stays packed.

    Returns:
        The dimensions, and the content. The last byte of the magic number is their count.

    Raises:
        DataError: the file has another magic number, or is too large, truncated, or longer than
            its header promises.
    """
    try:
        with _opened(path) as stream:
            shape = _header(stream, path.name, magic)
            promised = math.prod(shape)
            content = _read_at_most(stream, promised + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path.name} cannot be read ({error}). Download it again.") from error
    if len(content) < promised:
        raise DataError(
            f"{path.name} is truncated: {len(content)} of {promised} bytes. Download it again."
        )
    if len(content) > promised:
        raise DataError(
            f"{path.name} is longer than the {promised} bytes of its header. Download it again."
        )
    return shape, content


def _part(images: Path, labels: Path, split: str | None) -> RawPart:
    (count, height, width), pixels = read_idx_file(images, _IMAGES[0])
    (label_count,), digits = read_idx_file(labels, _LABELS[0])
    if count != label_count:
        raise DataError(
            f"{images.name} holds {count} images, but {labels.name} holds {label_count} labels. "
            "Download both again."
        )
    if height == 0 or width == 0:
        raise DataError(f"{images.name} holds images of {height}x{width} pixels. Replace it.")
    return RawPart(
        part=images.name,
        shape=(height, width, 1),
        content=pl.Series(_slices(pixels, height * width), dtype=pl.Binary()),
        labels=[str(digit) for digit in np.frombuffer(digits, np.uint8)],
        splits=[split] * count,
        origins=row_origins(images.name, count),
    )


def _slices(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _header(stream: BinaryIO, name: str, magic: int) -> tuple[int, ...]:
    dimensions = magic & 0xFF
    wanted = 4 * (1 + dimensions)
    header = stream.read(wanted)
    if len(header) < wanted:
        raise DataError(f"{name} is truncated: {len(header)} bytes. Download it again.")
    given, *shape = struct.unpack(f">{1 + dimensions}I", header)
    if given != magic:
        raise DataError(
            f"{name} starts with the magic number {given}, not {magic}. Check that it is the right "
            "file."
        )
    if math.prod(shape) > MOST_IMAGES_BYTES:
        raise DataError(
            f"The header of {name} promises {math.prod(shape)} bytes, but at most "
            f"{MOST_IMAGES_BYTES} are allowed. "
            "Check that it is the right file."
        )
    return tuple(shape)


def _read_at_most(stream: BinaryIO, limit: int) -> bytes:
    # In blocks: one read of `limit` would allocate as much memory as a wrong header promises.
    content = bytearray()
    while len(content) < limit:
        block = stream.read(min(_BLOCK, limit - len(content)))
        if not block:
            break
        content += block
    return bytes(content)


def _find(folder: Path, prefix: str, name: str) -> Path:
    paths = _candidates(folder, prefix, name)
    if not paths:
        raise DataError(
            f"{prefix}-{name}[.gz] is missing in data.path. Add it, or change data.path."
        )
    return paths[0]


def _candidates(folder: Path, prefix: str, name: str) -> list[Path]:
    """Return the existing files, the plain one first; downloads often leave both."""
    paths = (folder / f"{prefix}-{name}", folder / f"{prefix}-{name}.gz")
    return [path for path in paths if path.is_file()]
