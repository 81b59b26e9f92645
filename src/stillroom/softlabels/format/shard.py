"""Shards: a table in, Parquet bytes that any reader understands out, and back if unharmed.

    table ──to_bytes──> Parquet bytes ──SHA-256──> manifest
    bytes + what the manifest says of them ──from_bytes──> table

Bytes are hashed before they are parsed, and what a file claims to hold is bounded before any of it
is unpacked: a few MB can claim gigabytes.
"""

import pyarrow as pa
import pyarrow.parquet as pq

from stillroom.errors import SoftLabelError
from stillroom.io.files.hashing import sha256_bytes
from stillroom.softlabels.format.column_schema import KEY_COLUMNS, Layout
from stillroom.softlabels.format.fingerprint import AGAIN
from stillroom.softlabels.format.input_key import KEY_BYTES
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.pooled_features import COLUMN

CODEC = "coordinates-1"

# Ids are sorted within a row, so their differences are small; the other lists are not, and their
# bytes compress best apart from each other. Measured in docs/soft-labels.md.
DELTA = "DELTA_BINARY_PACKED"
SPLIT = "BYTE_STREAM_SPLIT"
# Levels of zstd. Of entries, floats are noise to it: at 15 they take ten times as long as at 3, for
# 0.6%. Where an entry's value is a float, its other columns are a quarter of the bytes, and level 6
# gains 1.1% for half as long again; elsewhere ids gain 8% by the slowest level, and what is left
# 1.3% by 12 over 9, which takes twice as long. Whole answers are of few classes and cheap to write:
# at 3 a small shard of them takes 6% more.
LEVEL_OF_FLOATS, LEVEL_BESIDE_FLOATS, LEVEL_OF_IDS, LEVEL, LEVEL_OF_WHOLE = 3, 3, 15, 9, 15

# What a shard may unpack to. One of 128 sequences of 512 tokens at 50 entries takes 24 MB.
MOST_BYTES = 1 << 30
HALF_BYTES = 2


def to_bytes(table: pa.Table, layout: Layout) -> bytes:
    """Return the table as one row group of Parquet, equal tables giving equal bytes.

    Raises:
        SoftLabelError: it is more than a reader takes.
    """
    held = 2 * table.nbytes  # a reader counts 8 bytes for each value, and most have 4
    if held > MOST_BYTES:
        raise SoftLabelError(
            f"a shard of {table.num_rows:,} rows would hold {held:,} bytes, and at most "
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


def from_bytes(content: bytes, shard: Shard, layout: Layout) -> pa.Table:
    """Return a shard's table, after its bytes were found to be those of the manifest.

    Raises:
        SoftLabelError: another hash, no Parquet, another schema or number of rows, or more than
            a shard may unpack to; the shard is named.
    """
    if sha256_bytes(content) != shard.sha256:
        raise SoftLabelError(
            f"shard {shard.name} is damaged: its SHA-256 is not the manifest's. {AGAIN}"
        )
    try:
        return _parsed(content, shard, layout)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SoftLabelError(f"shard {shard.name} is not Parquet: {error}") from error


def _parsed(content: bytes, shard: Shard, layout: Layout) -> pa.Table:
    reader = pa.BufferReader(content)
    file = pq.ParquetFile(reader, page_checksum_verification=True)
    if file.metadata.num_rows != shard.rows:
        raise SoftLabelError(
            f"shard {shard.name} has {file.metadata.num_rows} rows, and the manifest says "
            f"{shard.rows}. {AGAIN}"
        )
    if not file.schema_arrow.equals(layout.schema):
        raise SoftLabelError(
            f"shard {shard.name} has the columns {_told(file.schema_arrow)}, not "
            f"{_told(layout.schema)}."
        )
    claimed = _claimed_bytes(file.metadata)
    if claimed > MOST_BYTES:
        raise SoftLabelError(
            f"shard {shard.name} claims to hold {claimed:,} bytes; at most {MOST_BYTES:,} are read."
        )
    return file.read()


def _claimed_bytes(metadata: pq.FileMetaData) -> int:
    columns = [
        metadata.row_group(group).column(column)
        for group in range(metadata.num_row_groups)
        for column in range(metadata.num_columns)
    ]
    return sum(_most_bytes(column) for column in columns)


def _most_bytes(column: pq.ColumnChunkMetaData) -> int:
    # A run-length code unpacks beyond its uncompressed size: each value may be a whole entry of
    # the dictionary, which of text may be as long as all that is stored.
    stored = column.total_uncompressed_size
    fixed = HALF_BYTES if column.path_in_schema == _path(COLUMN) else KEY_BYTES
    widest = {"BYTE_ARRAY": stored, "FIXED_LEN_BYTE_ARRAY": fixed}.get(column.physical_type, 8)
    return max(stored, widest * column.num_values)


def _encodings(layout: Layout) -> dict[str, str]:
    sequences = {
        _path(name): DELTA if name == "ids" and layout.classes > 2**8 else SPLIT
        for name in layout.lists
    }
    plain = {"example_id": "PLAIN", "input_key": "PLAIN", "view": "PLAIN", "draw": "PLAIN"}
    return {**plain, "label": "PLAIN", **sequences}


def _levels(layout: Layout) -> dict[str, int]:
    paths = {_path(name): kind for name, kind in layout.lists.items()}
    if "ids" not in layout.lists:
        return dict.fromkeys([*KEY_COLUMNS, *paths], LEVEL_OF_WHOLE)
    beside_floats = pa.types.is_floating(layout.lists[layout.value])
    others = LEVEL_BESIDE_FLOATS if beside_floats else LEVEL
    levels = dict.fromkeys([*KEY_COLUMNS, *paths], others)
    levels[_path("ids")] = others if beside_floats else LEVEL_OF_IDS
    floats = [path for path, kind in paths.items() if pa.types.is_floating(kind)]
    return levels | dict.fromkeys(floats, LEVEL_OF_FLOATS)


def _path(column: str) -> str:
    """Return how Parquet calls the elements of a list column."""
    return f"{column}.list.element"


def _told(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)
