"""The header of a GGUF file: bytes in, metadata and tensors out, each length checked before use.

    magic, version, counts | key-values | names, shapes and offsets of tensors | data

Source: the specification in ggml, docs/gguf.md, versions 2 and 3, little-endian.
"""

import mmap
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path

from stillroom.errors import ModelError

MAGIC, VERSIONS, FIXED = b"GGUF", (2, 3), 24  # bytes before the first key
SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
STRING, ARRAY = 8, 9
SMALLEST_ENTRY, SMALLEST_TENSOR = 13, 24  # bytes of a key with its value, and of a tensor's entry
LONGEST_NAME, MOST_DIMENSIONS = 2**16, 8

Scalar = int | float | bool | str


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """A tensor of a GGUF file.

    Attributes:
        name: its name in llama.cpp.
        dimensions: as they are written, the fastest first.
        kind: the number of its type in ggml.
        offset, size: where its bytes lie after the beginning of the data, and how many.
    """

    name: str
    dimensions: tuple[int, ...]
    kind: int
    offset: int
    size: int

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.dimensions)


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """What a GGUF file says before its data.

    Attributes:
        path: the file.
        version: of the format.
        metadata: the keys whose values are a number or a text; lists are left out.
        entries: the bytes of each key with its value, by key.
        tensors: in the order of the file.
        data: where the data begins.
    """

    path: Path
    version: int
    metadata: dict[str, Scalar]
    entries: dict[str, bytes]
    tensors: tuple[GgufTensor, ...]
    data: int

    @property
    def alignment(self) -> int:
        """The number of bytes of which each offset is a multiple."""
        return _alignment(self.metadata, self.path)

    def number(self, key: str) -> int | None:
        """Return a whole number of the metadata; None if there is none under this key."""
        value = self.metadata.get(key)
        return value if type(value) is int else None


def read_gguf_header(path: Path) -> GgufHeader:
    """Read the header of a GGUF file.

    Raises:
        ModelError: the file is no GGUF file, or is damaged: what it declares is not in it.
    """
    import gguf

    size = path.stat().st_size
    if size < FIXED:
        raise _damaged(path, "it is too short")
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = _Reader(path, data)
        if data[:4] != MAGIC:
            raise ModelError(f"{path} is not a GGUF file. Set the path to one of llama.cpp.")
        version, tensors, keys = reader.unpack("IQQ", 4)
        if version not in VERSIONS:
            raise _damaged(path, f"version {version} is unknown")
        reader.at = FIXED
        reader.require_room(keys, SMALLEST_ENTRY, "keys")
        metadata: dict[str, Scalar] = {}
        entries: dict[str, bytes] = {}
        for _ in range(keys):
            start = reader.at
            key = reader.text(LONGEST_NAME)
            if key in entries:
                raise _damaged(path, f"the key {key[:60]!r} occurs twice")
            value = reader.value()
            if value is not None:
                metadata[key] = value
            entries[key] = data[start : reader.at]
        reader.require_room(tensors, SMALLEST_TENSOR, "tensors")
        sizes = {int(kind): pair for kind, pair in gguf.GGML_QUANT_SIZES.items()}
        table = tuple(reader.tensor(sizes) for _ in range(tensors))
        alignment = _alignment(metadata, path)
        begin = -(-reader.at // alignment) * alignment
    _require_tensors(path, table, size - begin)
    return GgufHeader(path, version, metadata, entries, table, begin)


def _require_tensors(path: Path, tensors: tuple[GgufTensor, ...], room: int) -> None:
    names = set()
    for tensor in tensors:
        if tensor.name in names:
            raise _damaged(path, f"the tensor {tensor.name[:60]!r} occurs twice")
        names.add(tensor.name)
        if tensor.offset + tensor.size > room:
            raise _damaged(path, f"the tensor {tensor.name[:60]!r} ends behind the file")


def _alignment(metadata: dict[str, Scalar], path: Path) -> int:
    alignment = metadata.get("general.alignment", 32)
    if type(alignment) is not int or not 0 < alignment <= 2**16 or alignment & (alignment - 1):
        raise _damaged(path, "general.alignment is no power of two")
    return alignment


class _Reader:
    """Reads values one after another; what lies behind the file is an error."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path, self.data, self.at = path, data, 0

    def require_room(self, count: int, smallest: int, what: str) -> None:
        if count * smallest > len(self.data) - self.at:
            raise _damaged(self.path, f"it declares {count:,} {what}, more than fit into it")

    def unpack(self, format: str, at: int | None = None) -> tuple[int, ...]:
        if at is not None:
            self.at = at
        width = struct.calcsize(f"<{format}")
        self.require_room(1, width, "values")
        values = struct.unpack_from(f"<{format}", self.data, self.at)
        self.at += width
        return values

    def text(self, longest: int | None = None) -> str:
        (length,) = self.unpack("Q")
        self.require_room(length, 1, "characters")
        if longest is not None and length > longest:
            raise _damaged(self.path, f"a name has {length:,} bytes")
        content = self.data[self.at : self.at + length]
        self.at += length
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            if longest is None:
                return ""  # a text that nothing here reads
            raise _damaged(self.path, "a name is not UTF-8") from None

    def value(self) -> Scalar | None:
        """Return a number or a text; None for a list, which is skipped."""
        (kind,) = self.unpack("I")
        if kind == STRING:
            return self.text()
        if kind != ARRAY:
            return self.unpack(self._scalar(kind))[0]
        inner, count = self.unpack("IQ")
        if inner != STRING:
            width = struct.calcsize(self._scalar(inner))
            self.require_room(count, width, "values")
            self.at += count * width
            return None
        self.require_room(count, 8, "texts")
        for _ in range(count):
            (length,) = self.unpack("Q")
            self.require_room(length, 1, "characters")
            self.at += length
        return None

    def tensor(self, sizes: dict[int, tuple[int, int]]) -> GgufTensor:
        name = self.text(LONGEST_NAME)
        (count,) = self.unpack("I")
        if count > MOST_DIMENSIONS:
            raise _damaged(self.path, f"the tensor {name[:60]!r} has {count} dimensions")
        dimensions = self.unpack(f"{count}Q")
        kind, offset = self.unpack("IQ")
        if kind not in sizes:
            raise _damaged(self.path, f"the tensor {name[:60]!r} has the unknown type {kind}")
        block, width = sizes[kind]
        return GgufTensor(name, dimensions, kind, offset, -(-prod(dimensions) // block) * width)

    def _scalar(self, kind: int) -> str:
        if kind not in SCALARS:
            raise _damaged(self.path, f"a value has the unknown type {kind}")
        return SCALARS[kind]


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(f"{path} is damaged: {reason}. Download it again.")
