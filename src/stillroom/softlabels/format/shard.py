"""Shards: write a table as Parquet bytes that any reader understands, and read them with checks.

    table ──to_bytes──> Parquet bytes ──SHA-256──> manifest
    bytes + their entry in the manifest ──from_bytes──> table

The bytes are hashed before they are parsed. The size that a file claims is checked before anything
is unpacked, because a few MB can claim gigabytes.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from stillroom.errors import SoftLabelError
from stillroom.io.files.hashing import sha256_bytes
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.format.input_key import KEY_BYTES
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.pooled_features import COLUMN

CODEC = "coordinates-1"

# Ids are sorted within a row, so their differences are small. The other lists are not sorted; they
# compress best if their bytes are split into streams. docs/soft-labels.md has the measurements.
DELTA = "DELTA_BINARY_PACKED"
SPLIT = "BYTE_STREAM_SPLIT"
# Levels of zstd. The floats of entries hardly compress: level 15 takes ten times as long as 3 and
# saves 0.6%. If the values are floats, the other columns are a quarter of the bytes, and level 6
# would save 1.1% in 1.5 times the time. Otherwise the slowest level saves 8% of the ids. For the
# other columns level 12 instead of 9 would save 1.3% in twice the time. Full answers have few
# classes and are written quickly; a small shard of them would be 6% larger at level 3.
LEVEL_OF_FLOATS, LEVEL_BESIDE_FLOATS, LEVEL_OF_IDS, LEVEL, LEVEL_OF_WHOLE = 3, 3, 15, 9, 15

# The largest size of an unpacked shard. 128 sequences of 512 tokens with 50 entries take 24 MB.
MOST_BYTES = 1 << 30
HALF_BYTES = 2


def to_bytes(table: pa.Table, layout: Layout) -> bytes:
    """Return the table as Parquet with one row group; equal tables give equal bytes.

    Raises:
        SoftLabelError: the table is larger than a reader accepts.
    """
    size = 2 * table.nbytes  # a reader counts 8 bytes for each value, and most have 4
    if size > MOST_BYTES:
        raise SoftLabelError(
            f"a shard of {table.num_rows:,} rows would hold {size:,} bytes, but at most "
            f"{MOST_BYTES:,} are read. Lower softlabels.rows_per_shard."
        )
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.combine_chunks(),
        sink,
        row_group_size=max(table.num_rows, 1),
        compression="zstd",
        compression_level=_levels(layout),
        use_dictionary=["teacher"],
        column_encoding=_encodings(layout),
        write_page_checksum=True,
        data_page_version="2.0",
    )
    return bytes(sink.getvalue())


def from_bytes(
    content: bytes, shard: Shard, layout: Layout, columns: Sequence[str] | None = None
) -> pa.Table:
    """Return the table of a shard, after a check of its bytes against the manifest's hash.

    Args:
        content: the bytes of the file.
        shard: the entry in the manifest.
        layout: the columns that the file must have.
        columns: the columns to return; None for all of them.

    Raises:
        SoftLabelError: the hash, the schema or the number of rows is wrong, the bytes are not
            Parquet, or the shard would unpack to too many bytes; the error names the shard.
    """
    if sha256_bytes(content) != shard.sha256:
        raise SoftLabelError(
            f"shard {shard.name} is damaged: its SHA-256 is not the manifest's. {RERUN}"
        )
    try:
        return _read_table(content, shard, layout, columns)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SoftLabelError(f"shard {shard.name} is not Parquet: {error}") from error


def _read_table(
    content: bytes, shard: Shard, layout: Layout, columns: Sequence[str] | None
) -> pa.Table:
    # In memory of Arrow's own. Its threads may release the bytes when Python has begun to end; of a
    # Python object they would need Python's lock, and 3 in 100 short programs ended by an abort.
    memory = pa.allocate_buffer(len(content))
    memoryview(memory).cast("B")[:] = content
    reader = pa.BufferReader(memory)
    file = pq.ParquetFile(reader, page_checksum_verification=True)
    if file.metadata.num_rows != shard.rows:
        raise SoftLabelError(
            f"shard {shard.name} has {file.metadata.num_rows} rows, but the manifest says "
            f"{shard.rows}. {RERUN}"
        )
    if not file.schema_arrow.equals(layout.schema):
        raise SoftLabelError(
            f"shard {shard.name} has the columns {_schema_text(file.schema_arrow)}, not "
            f"{_schema_text(layout.schema)}."
        )
    claimed = _claimed_bytes(file.metadata)
    if claimed > MOST_BYTES:
        raise SoftLabelError(
            f"shard {shard.name} claims to hold {claimed:,} bytes; at most {MOST_BYTES:,} are read."
        )
    return file.read(columns)


def _claimed_bytes(metadata: pq.FileMetaData) -> int:
    columns = [
        metadata.row_group(group).column(column)
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    ]
    return sum(_most_bytes(column) for column in columns)


def _most_bytes(column: pq.ColumnChunkMetaData) -> int:
    # A run-length code can unpack to more than its uncompressed size: each value may be an entry of
    # the dictionary, and an entry of text may be as long as all stored bytes.
    stored = column.total_uncompressed_size
    fixed = HALF_BYTES if column.path_in_schema == _path(COLUMN) else KEY_BYTES
    widest = {"BYTE_ARRAY": stored, "FIXED_LEN_BYTE_ARRAY": fixed}.get(column.physical_type, 8)
    return max(stored, widest * column.num_values)


def _encodings(layout: Layout) -> dict[str, str]:
    sequences = {
        _path(name): DELTA if name == "ids" and layout.classes > 2**8 else SPLIT
        for name in layout.lists
    }
    # A dictionary of the teacher's name, which is the same in all rows, is all that it needs.
    plain = {name: "PLAIN" for name in layout.scalars if name != "teacher"}
    return {**plain, **sequences}


def _levels(layout: Layout) -> dict[str, int]:
    paths = {_path(name): kind for name, kind in layout.lists.items()}
    if layout.value is None:
        return dict.fromkeys([*layout.scalars, *paths], LEVEL_OF_WHOLE)
    beside_floats = pa.types.is_floating(layout.lists[layout.value])
    others = LEVEL_BESIDE_FLOATS if beside_floats else LEVEL
    levels = dict.fromkeys([*layout.scalars, *paths], others)
    levels[_path("ids")] = others if beside_floats else LEVEL_OF_IDS
    floats = [path for path, kind in paths.items() if pa.types.is_floating(kind)]
    return levels | dict.fromkeys(floats, LEVEL_OF_FLOATS)


def _path(column: str) -> str:
    """Return Parquet's name for the elements of a list column."""
    return f"{column}.list.element"


def _schema_text(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
