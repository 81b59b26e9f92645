"""Files that several doors use: Parquet with false claims, gzip bombs, links, sparse files."""

import gzip
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

RAW = "data/01_raw"
ESCAPE = "\x1b]52;c;cHduZWQ=\x07\x1b[2J"  # writes the clipboard, clears the screen


def raw(project: Path, name: str, content: bytes | str) -> Path:
    """Write a file into the folder of raw data."""
    path = project / RAW / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def raw_link(project: Path, name: str, target: str | Path) -> Path:
    """Make a link in the folder of raw data."""
    path = project / RAW / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def parquet(project: Path, name: str, columns: dict[str, Any], **options: Any) -> Path:
    """Write a sound Parquet file."""
    path = project / RAW / name
    pq.write_table(pa.table(columns), path, **options)
    return path


def repeated_parquet(path: Path, rows: int, value: bytes) -> None:
    """Write a few kilobytes that unpack to `rows` times one value."""
    column = pa.DictionaryArray.from_arrays(
        pa.array([0] * 1, pa.int32()), pa.array([value], pa.binary())
    )
    schema = pa.schema({"text": pa.dictionary(pa.int32(), pa.binary()), "label": pa.string()})
    block = pa.table(
        {
            "text": pa.chunked_array(
                [
                    pa.DictionaryArray.from_arrays(
                        pa.array([0] * rows, pa.int32()), column.dictionary
                    )
                ]
            ),
            "label": pa.array(["a"] * rows),
        },
        schema=schema,
    )
    pq.write_table(block, path, compression="zstd", row_group_size=rows)


def gzip_bomb(path: Path, size: int, first: bytes = b"") -> None:
    """Write a gzip file that unpacks to `size` zeros after the first bytes."""
    block = b"0" * 2**20
    with gzip.open(path, "wb", compresslevel=9) as stream:
        stream.write(first)
        for _ in range(size // len(block)):
            stream.write(block)


def sparse(path: Path, size: int, first: bytes = b"") -> None:
    """Write a file that claims `size` bytes and takes none."""
    path.write_bytes(first)
    os.truncate(path, size)


def flipped(content: bytes, place: int) -> bytes:
    """Return the content with one byte inverted."""
    place %= len(content)
    return content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]
