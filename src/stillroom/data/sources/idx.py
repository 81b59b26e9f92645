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
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import polars as pl

from stillroom.config.schema.data_schema import Data, Limits
from stillroom.data.files.input_file import InputFile, open_input
from stillroom.data.files.input_folder import InputFolder
from stillroom.data.ingest.splits import TEST, TRAIN
from stillroom.data.raw_examples import (
    MOST_IMAGES_BYTES,
    RawExamples,
    RawPart,
    row_origins,
    stack_parts,
)
from stillroom.errors import DataError

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
    inside = InputFolder(folder, data.follow_links)
    has_test = any(_candidates(folder, "t10k", name) for _, name in (_IMAGES, _LABELS))
    parts: list[RawPart] = []
    files: dict[str, str] = {}
    for prefix, split in (("train", TRAIN), ("t10k", TEST))[: 2 if has_test else 1]:
        pair = (_find(folder, prefix, name) for _, name in (_IMAGES, _LABELS))
        with ExitStack() as opened:
            images, labels = (
                opened.enter_context(
                    open_input(inside.require_inside(path), path.name, data.limits)
                )
                for path in pair
            )
            parts.append(_part(images, labels, split if has_test else None, data.limits))
            files |= {file.part: file.sha256 for file in (images, labels)}
    return stack_parts("image", parts, files)


def read_idx_file(file: InputFile, magic: int, limits: Limits) -> tuple[tuple[int, ...], bytes]:
    """Read one idx file of unsigned bytes.

    At most one byte more than the header promises is unpacked, so a gzip bomb stays packed.

    Returns:
        The dimensions, and the content. The last byte of the magic number is their count.

    Raises:
        DataError: the file has another magic number, or is too large, truncated, or longer than
            its header promises.
    """
    try:
        is_packed = file.part.endswith(".gz")
        unpacked = gzip.GzipFile(fileobj=file.stream) if is_packed else file.stream
        stream = cast(BinaryIO, unpacked)
        shape = _header(stream, file.part, magic)
        promised = math.prod(shape)
        _check_promise(promised, file, limits)
        content = _read_at_most(stream, promised + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file.part} cannot be read ({error}). Download it again.") from error
    if len(content) < promised:
        raise DataError(
            f"{file.part} is truncated: {len(content)} of {promised} bytes. Download it again."
        )
    if len(content) > promised:
        raise DataError(
            f"{file.part} is longer than the {promised} bytes of its header. Download it again."
        )
    return shape, content


def _part(images: InputFile, labels: InputFile, split: str | None, limits: Limits) -> RawPart:
    (count, height, width), pixels = read_idx_file(images, _IMAGES[0], limits)
    (label_count,), digits = read_idx_file(labels, _LABELS[0], limits)
    if count != label_count:
        raise DataError(
            f"{images.part} holds {count} images, but {labels.part} holds {label_count} labels. "
            "Download both again."
        )
    if height == 0 or width == 0:
        raise DataError(f"{images.part} holds images of {height}x{width} pixels. Replace it.")
    return RawPart(
        part=images.part,
        shape=(height, width, 1),
        content=pl.Series(_slices(pixels, height * width), dtype=pl.Binary()),
        labels=[str(digit) for digit in np.frombuffer(digits, np.uint8)],
        splits=[split] * count,
        origins=row_origins(images.part, count),
    )


def _slices(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def _check_promise(promised: int, file: InputFile, limits: Limits) -> None:
    if promised > (most := min(MOST_IMAGES_BYTES, file.budget(limits))):
        raise DataError(
            f"The header of {file.part} promises {promised} bytes, but at most {most} are allowed. "
            "Check that it is the right file."
        )


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
