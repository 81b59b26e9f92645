"""Hostile shards with correct hashes: false columns, broken files, and bombs."""

import io
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from support.faults.hostile_manifests import MEGABYTES, Case, put_file, sparse
from support.softlabels.linear_teachers import Captured

from stillroom.softlabels.format.manifest import MANIFEST, SHARDS, Manifest, Shard, manifest_of
from stillroom.softlabels.format.shard import to_bytes


def with_shard(captured: Captured, content: bytes, rows: int) -> Callable[[Path], None]:
    """Return a function that writes a set whose first shard has this content, and its manifest."""

    def write_case(folder: Path) -> None:
        (member,) = captured.labels.manifest.members
        shard = Shard.of(content, rows)
        put_file(folder / SHARDS / shard.name, content)
        for other in member.shards[1:]:
            put_file(
                folder / SHARDS / other.name, (captured.folder / SHARDS / other.name).read_bytes()
            )
        put_manifest(captured, folder, (shard, *member.shards[1:]))

    return write_case


def bomb(captured: Captured, making: Callable[[], bytes], rows: int) -> Callable[[Path], None]:
    """Return a function that makes a bomb only when it is written."""
    return lambda folder: with_shard(captured, making(), rows)(folder)


def put_manifest(captured: Captured, folder: Path, shards: tuple[Shard, ...]) -> None:
    whole: Manifest = captured.labels.manifest
    member = replace(whole.members[0], shards=shards)
    manifest = manifest_of((member,), whole.combination, whole.codec, 4, whole.class_names)
    put_file(folder / MANIFEST, json.dumps(asdict(manifest)).encode())


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **{"compression": "zstd", "row_group_size": 10**9, **options})
    return sink.getvalue()


def lists(values: list[list[Any]], kind: pa.DataType) -> pa.Array:
    return pa.array(values, pa.list_(pa.field("element", kind, nullable=False)))


def zeros(kind: pa.DataType, rows: int, total: int) -> pa.Array:
    """Return rows of lists of zeros, `total` values in all, without holding a copy of each."""
    bounds = np.linspace(0, total, rows + 1).astype(np.int32)
    values = pa.array(np.zeros(total, kind.to_pandas_dtype()))
    field = pa.field("element", kind, nullable=False)
    return pa.ListArray.from_arrays(pa.array(bounds), values, type=pa.list_(field))


def tables(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield tables that are no shard, or whose columns are false."""
    rows = table.num_rows

    def other(name: str, column: pa.Array) -> pa.Table:
        at = table.schema.get_field_index(name)
        return table.set_column(at, table.schema.field(name).with_type(column.type), column)

    def per_row(name: str, value: list[Any]) -> pa.Table:
        return other(name, lists([value] * rows, table.schema.field(name).type.value_type))

    yield "no rows", table.slice(0, 0)
    yield "fewer rows", table.slice(1)
    yield "a column less", table.drop_columns(["label"])
    yield "a column more", table.append_column("more", pa.array(range(rows)))
    yield "other types", other("view", pa.array([0] * rows, pa.int64()))
    yield "nested lists", other("ids", pa.array([[[1]]] * rows))
    yield "an id beyond the classes", per_row("ids", [200, 201])
    yield "too few ids", per_row("ids", [1])
    yield "positions beyond the row", per_row("positions", [65535, 65535])
    yield "empty lists", per_row("entropy", [])
    yield "NaN logits", per_row("logits", [float("nan")] * 2)
    yield "infinite logits", per_row("logits", [float("inf")] * 2)
    yield "huge logits", per_row("logits", [3e38, 3e38])
    yield "log Z too short", per_row("log_z", [])
    yield "NaN log Z", per_row("log_z", [float("nan")])
    yield "NaN entropy", per_row("entropy", [float("nan")])
    yield "an id twice", per_row("ids", [0, 0])
    yield "another teacher", other("teacher", pa.array(["f" * 16] * rows))
    yield "other inputs", other("input_key", pa.array([b"k" * 16] * rows, pa.binary(16)))
    yield "another draw", other("draw", pa.array([65535] * rows, pa.uint16()))


def bombs(table: pa.Table) -> dict[str, Callable[[], bytes]]:
    """Return functions that make files of at most a few MB that claim gigabytes."""
    at, rows = table.schema.get_field_index("logits"), table.num_rows
    field = table.schema.field("logits")

    def of_zeros(total: int, uses_runs: bool) -> bytes:
        column = zeros(pa.float32(), rows, total)
        options = {"use_dictionary": uses_runs, "write_statistics": False}
        return parquet(table.set_column(at, field, column), **options)

    def of_one_word() -> bytes:
        words = pa.array(["w" * MEGABYTES] * 2000).dictionary_encode()
        many = pa.concat_tables([table.slice(0, 1)] * 2000).combine_chunks()
        place = many.schema.get_field_index("teacher")
        encoded = many.schema.field("teacher").with_type(words.type)
        return parquet(many.set_column(place, encoded, words), use_dictionary=["teacher"])

    def lying(total: int, uses_runs: bool, stated: int) -> bytes:
        return relied(relied(of_zeros(total, uses_runs), total, stated), total * 4, stated)

    more, less = 400_000_000, 200_000_000
    return {
        "bomb of zeros, 1.6 GB": lambda: of_zeros(more, uses_runs=False),
        "bomb of runs, 1.6 GB": lambda: of_zeros(more, uses_runs=True),
        "bomb of zeros, 0.8 GB": lambda: of_zeros(less, uses_runs=False),
        "bomb of zeros, the footer says 100": lambda: lying(more, uses_runs=False, stated=100),
        "bomb of runs, the footer says 100": lambda: lying(more, uses_runs=True, stated=100),
        "bomb of runs, the footer says 0": lambda: lying(more, uses_runs=True, stated=0),
        "bomb of one word, 8 GB": of_one_word,
    }


def varint(value: int, width: int = 0) -> bytes:
    """Return a zigzag varint of thrift's compact protocol, padded to a width."""
    left, digits = value << 1, []
    while True:
        digits.append(left & 0x7F)
        left >>= 7
        if not left:
            break
    digits += [0] * (width - len(digits))
    return bytes([*(digit | 0x80 for digit in digits[:-1]), digits[-1]])


def relied(content: bytes, true: int, stated: int) -> bytes:
    """Return a file whose footer has another number wherever the true one stands."""
    length = int.from_bytes(content[-8:-4], "little")
    body, footer = content[: -8 - length], content[-8 - length : -8]
    old = varint(true)
    return body + footer.replace(old, varint(stated, len(old))) + content[-8:]


def files(whole: bytes, table: pa.Table) -> Iterator[tuple[str, bytes]]:
    """Yield files that are no Parquet, or whose footer is false."""
    yield "nothing but magic", b"PAR1PAR1"
    yield "encrypted", whole[:-4] + b"PARE"
    for length in (0, 1, len(whole), 2**31, 2**32 - 1):
        yield f"a footer of {length}", whole[:-8] + length.to_bytes(4, "little") + b"PAR1"
    yield "text", b"a,b\n1,2\n" * 100
    yield "a footer of zeros", whole[:-400] + bytes(392) + whole[-8:]
    yield "another number of rows", relied(whole, table.num_rows, 2**40)
    deep: pa.DataType = pa.int32()
    for _ in range(400):
        deep = pa.list_(deep)
    yield "lists 400 deep", parquet(pa.table({"a": pa.nulls(1, deep)}))
    wide = pa.table({f"column {at}": [0] for at in range(5000)})
    yield "5,000 columns", parquet(wide)
    stated = table.replace_schema_metadata({"ARROW:schema": "A" * 2**20, "more": "B" * 2**20})
    yield "megabytes of metadata", parquet(stated)
    yield "one row a group", parquet(pa.concat_tables([table] * 100), row_group_size=1)
    draws = random.Random(3)
    for number in range(24):
        changed = bytearray(whole)
        for _ in range(1 + number % 3):  # the hash is right, so only the parser can refuse them
            changed[draws.randrange(len(whole) // 2 if number % 2 else 4, len(whole) - 8)] ^= (
                1 << draws.randrange(8)
            )
        yield f"flipped {number}", bytes(changed)


def shards(captured: Captured) -> Iterator[Case]:
    """Yield sets with a hostile shard; the manifest has the shard's hash."""
    first = captured.labels.manifest.members[0].shards[0]
    table, layout = captured.labels.shard_table(0, first), captured.labels.layout(0)
    whole = to_bytes(table, layout)
    for name, lying in tables(table):
        yield f"table {name}", with_shard(captured, parquet(lying), first.rows)
    for name, content in files(whole, table):
        yield f"file {name}", with_shard(captured, content, first.rows)
    for name, making in bombs(table).items():
        rows = 2000 if "one word" in name else first.rows
        yield name, bomb(captured, making, rows)

    def of_10_gb(folder: Path) -> None:
        put_manifest(captured, folder, captured.labels.manifest.members[0].shards)
        sparse(f"{SHARDS}/{first.name}", 10 << 30)(folder)

    yield "file of 10 GB, and the manifest says less", of_10_gb
