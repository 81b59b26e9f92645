"""Shards: one unit of a teacher's work as plain Parquet that any reader understands.

    keys + Sparse ──encode──> Parquet bytes ──SHA-256──> manifest
    bytes, checked against the manifest's SHA-256 before they are parsed ──decode──> pyarrow.Table

| column | type | meaning |
|---|---|---|
| example_id | fixed binary 16 | hash of the example's raw content |
| input_key | fixed binary 16 | hash of what the teacher saw |
| member | uint8 | which teacher of the ensemble, from 0 |
| ids | list<uint32> | classes, by falling logit |
| logits | list<float32> | their logits, unscaled |
| log_z | list<float32> | log sum exp(logit / T), one for each captured temperature |
| entropy | float32 | of the whole distribution at T = 1, in nats |
| log_p_label | float32, nullable | log-probability of the hard label at T = 1 |
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.io.hashing import sha256_bytes
from stillroom.softlabels.keys import KEY_BYTES
from stillroom.softlabels.sparsify import Sparse

CODEC = "topk-float32-1"

SCHEMA = pa.schema(
    [
        pa.field("example_id", pa.binary(KEY_BYTES), nullable=False),
        pa.field("input_key", pa.binary(KEY_BYTES), nullable=False),
        pa.field("member", pa.uint8(), nullable=False),
        pa.field("ids", pa.list_(pa.field("element", pa.uint32(), nullable=False)), nullable=False),
        pa.field(
            "logits", pa.list_(pa.field("element", pa.float32(), nullable=False)), nullable=False
        ),
        pa.field(
            "log_z", pa.list_(pa.field("element", pa.float32(), nullable=False)), nullable=False
        ),
        pa.field("entropy", pa.float32(), nullable=False),
        pa.field("log_p_label", pa.float32()),
    ]
)


@dataclass(frozen=True, slots=True)
class Rows:
    """What one teacher answered to N inputs, with the keys to find it by.

    Attributes:
        example_ids: N keys of 16 bytes.
        input_keys: N keys of 16 bytes.
        member: index of the teacher.
        sparse: the N heads.
        log_p_label: [N], NaN where an example has no label.
    """

    example_ids: list[bytes]
    input_keys: list[bytes]
    member: int
    sparse: Sparse
    log_p_label: NDArray[np.float32]


def encode(rows: Rows) -> bytes:
    """Return the rows as Parquet, equal rows giving equal bytes."""
    sparse = rows.sparse
    table = pa.Table.from_arrays(
        [
            pa.array(rows.example_ids, pa.binary(KEY_BYTES)),
            pa.array(rows.input_keys, pa.binary(KEY_BYTES)),
            pa.array(np.full(len(rows.example_ids), rows.member, dtype=np.uint8)),
            _lists(sparse.ids, SCHEMA.field("ids").type),
            _lists(sparse.logits, SCHEMA.field("logits").type),
            _lists(sparse.log_z, SCHEMA.field("log_z").type),
            pa.array(sparse.entropy),
            pa.array(rows.log_p_label, from_pandas=True),
        ],
        schema=SCHEMA,
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())


def decode(content: bytes, sha256: str, name: str) -> pa.Table:
    """Return a shard's table, after its bytes were found to be those of the manifest.

    Raises:
        SoftLabelError: another hash, no Parquet, or another schema; `name` says which shard.
    """
    if sha256_bytes(content) != sha256:
        raise SoftLabelError(
            f"shard {name} is damaged: its SHA-256 is not the manifest's. "
            "Run `kedro run --pipeline=teach` to make the soft labels anew."
        )
    try:
        table = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
    except (pa.ArrowException, OSError) as error:
        raise SoftLabelError(f"shard {name} is not Parquet: {error}") from error
    if not table.schema.equals(SCHEMA):
        raise SoftLabelError(
            f"shard {name} has the columns {table.schema.names}, not {SCHEMA.names}."
        )
    return table


def _lists(values: NDArray[np.generic], kind: pa.DataType) -> pa.Array:
    rows, width = values.shape
    offsets = pa.array(np.arange(0, rows * width + 1, max(width, 1), dtype=np.int32)[: rows + 1])
    return pa.ListArray.from_arrays(offsets, pa.array(values.ravel()), type=kind)
