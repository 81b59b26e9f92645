"""GGUF files in parts: any part in, one file with all tensors out.

    m-00001-of-00002.gguf ──its parts, checked──> headers ──merged_gguf──> one file

llama.cpp writes a large model as several files: the first one has the metadata, each has some of
the tensors. `transformers` reads one file, and would draw the tensors of the others at random.
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from stillroom.errors import ModelError
from stillroom.io.files.gguf_parts import PART, first_part, part_paths
from stillroom.models.pretrained.gguf_header import MAGIC, GgufHeader, read_gguf_header
from stillroom.models.pretrained.own_files import own_file

NUMBER, COUNT, TENSORS = "split.no", "split.count", "split.tensors.count"
BLOCK, BLOCK_COUNT = "blk.", ".block_count"


def read_gguf_parts(file: Path) -> list[GgufHeader]:
    """Return the headers of all parts of a GGUF model, in order; of one file if it is whole.

    Args:
        file: a GGUF file, or a part of one.

    Raises:
        ModelError: a part is missing, damaged or of another model, or the parts together lack a
            layer that the metadata count, or have one that it does not count.
    """
    path = first_part(file)
    if not path.is_file():
        raise ModelError(f"{path} does not exist, but {file.name} is a later part of it.")
    first = read_gguf_header(path)
    count = first.number(COUNT) or 1
    _require_names(first.path, count)
    headers = [first, *(_part(path, first) for path in part_paths(first.path)[1:])]
    for number, header in enumerate(headers):
        if count > 1 and (header.number(NUMBER), header.number(COUNT)) != (number, count):
            raise ModelError(
                f"{header.path} says that it is part {header.number(NUMBER)} of "
                f"{header.number(COUNT)} (from 0), but its name says {number} of {count}. Download "
                "the parts again."
            )
    _require_tensors(headers)
    _require_blocks(headers)
    return headers


@contextmanager
def whole_gguf(headers: list[GgufHeader], folder: Path) -> Iterator[Path]:
    """Yield one file with the tensors of all parts, in a new folder without any other file.

    Args:
        headers: of the parts.
        folder: where the new folder is made.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder, prefix=".gguf-") as name:
        file = Path(name).resolve() / "model.gguf"
        if len(headers) == 1:
            file.symlink_to(headers[0].path.resolve())
        else:
            with file.open("xb") as stream:
                _write(headers, stream)
        yield file


def _part(path: Path, first: GgufHeader) -> GgufHeader:
    if not path.exists():
        raise ModelError(
            f"{path} does not exist, but {first.path.name} needs it: the model has "
            f"{first.number(COUNT)} parts. Download all of them into one folder."
        )
    return read_gguf_header(own_file(path, path.parent))


def _require_names(first: Path, count: int) -> None:
    """Check that the name of the first part says as many parts as its metadata."""
    named = PART.fullmatch(first.name)
    said = int(named["count"]) if named else 1
    if count != said:
        raise ModelError(
            f"{first} is the first of {count} parts by its metadata, but its name says {said}. "
            "Give the parts the names that they were downloaded with, as in m-00001-of-00002.gguf."
        )


def _require_tensors(headers: list[GgufHeader]) -> None:
    names = [tensor.name for header in headers for tensor in header.tensors]
    declared = headers[0].number(TENSORS)
    if len(headers) > 1 and declared is not None and declared != len(names):
        raise ModelError(
            f"The parts of {headers[0].path} hold {len(names)} tensors, but {TENSORS} is "
            f"{declared}. Download the parts again."
        )
    if len(set(names)) != len(names):
        raise ModelError(f"Two parts of {headers[0].path} hold one tensor. Download them again.")


def _require_blocks(headers: list[GgufHeader]) -> None:
    """Check that there are tensors of exactly as many blocks as the metadata count.

    transformers takes the count under the name of any architecture, and from a list of one, too.
    """
    first = headers[0]
    keys = [key for key in first.entries if key.endswith(BLOCK_COUNT)]
    numbers = {
        int(tensor.name.split(".")[1])
        for header in headers
        for tensor in header.tensors
        if tensor.name.startswith(BLOCK) and tensor.name.split(".")[1].isdecimal()
    }
    for key in keys or ([BLOCK_COUNT[1:]] if numbers else []):
        count = first.number(key)
        if count is None:
            raise ModelError(
                f"{first.path} has no whole number as its {key[:60]!r}. Download it again."
            )
        _require_count(first.path, count, numbers)


def _require_count(path: Path, count: int, numbers: set[int]) -> None:
    if count == len(numbers) == max(numbers, default=-1) + 1:
        return
    wrong = max(numbers) if max(numbers, default=-1) >= count else _first_missing(numbers)
    what = "holds" if wrong in numbers else "lacks"
    raise ModelError(
        f"{path} {what} the tensors of the block {wrong}, but its metadata count {count:,} blocks. "
        "Download it again."
    )


def _first_missing(numbers: set[int]) -> int:
    return next(number for number in range(len(numbers) + 1) if number not in numbers)


def _write(headers: list[GgufHeader], stream: BinaryIO) -> None:
    """Write one file: the metadata of the first part, and the tensors of all parts in order."""
    first = headers[0]
    entries = [entry for key, entry in first.entries.items() if not key.startswith("split.")]
    tensors = [(header, tensor) for header in headers for tensor in header.tensors]
    stream.write(MAGIC + struct.pack("<IQQ", first.version, len(tensors), len(entries)))
    stream.writelines(entries)
    offset = 0
    for _, tensor in tensors:
        name = tensor.name.encode()
        stream.write(struct.pack("<Q", len(name)) + name)
        stream.write(
            struct.pack(f"<I{len(tensor.dimensions)}Q", len(tensor.dimensions), *tensor.dimensions)
        )
        stream.write(struct.pack("<IQ", tensor.kind, offset))
        offset += _padded(tensor.size, first.alignment)
    stream.write(b"\0" * (_padded(stream.tell(), first.alignment) - stream.tell()))
    for header in headers:
        with header.path.open("rb") as source:
            for tensor in header.tensors:
                source.seek(header.data + tensor.offset)
                _copy(source, stream, tensor.size)
                stream.write(b"\0" * (_padded(tensor.size, first.alignment) - tensor.size))


def _copy(source: BinaryIO, target: BinaryIO, size: int) -> None:
    piece = 2**24
    while size:
        content = source.read(min(piece, size))
        if not content:
            raise ModelError("A GGUF file became shorter while it was read. Run the stage again.")
        target.write(content)
        size -= len(content)


def _padded(size: int, alignment: int) -> int:
    return -(-size // alignment) * alignment
