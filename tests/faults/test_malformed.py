"""A hundred hostile manifests and shards: a named error, bounded memory, no crash, no hang."""

import copy
import io
import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import faults_reader as reader
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faults_server import ENVIRONMENT, ROOT
from linear_teachers import Captured, capture

from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS, Manifest, Shard, manifest_of
from stillroom.softlabels.format.manifest import MOST_BYTES as MOST_OF_A_MANIFEST
from stillroom.softlabels.format.shard import MOST_BYTES, to_bytes

# A shard may unpack to MOST_BYTES; parsing holds a page and a copy beside it.
MOST_GROWTH = MOST_BYTES + (512 << 20)
MEGABYTES = 4 << 20
HUGE = 10**30
Document = dict[str, Any]
Case = tuple[str, Callable[[Path], None]]


def put(path: str, value: object) -> Callable[[Document], None]:
    """Return what sets the value at a path of names and numbers."""

    def change(document: Document) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        here: Any = document
        for step in way:
            here = here[step]
        here[last] = value

    return change


SHARD = "members.0.shards.0"
WRONG_VALUES: list[tuple[str, object]] = [
    *(("classes", value) for value in (-1, 0, 1, 3, HUGE, 1.5, "4", None, True, [], {})),
    *((f"{SHARD}.rows", value) for value in (0, -1, 2**63, 1e300, "8", None, float("nan"))),
    *((f"{SHARD}.bytes", value) for value in (0, -5, HUGE, float("inf"), [1])),
    *((f"{SHARD}.sha256", value) for value in ("", "x" * 64, "../" * 21 + "a", 5, "A" * MEGABYTES)),
    *(("combination.shares", value) for value in ([], [float("nan")], [-1.0], [2.0], [0.5, 0.5])),
    *(("members", value) for value in ([], {}, None)),
    *(("class_names", value) for value in (["a"], [1, 2, 3, 4], "abcd", ["n"] * (MEGABYTES // 4))),
    ("members.0.capture.sparsifier", {"kind": "other"}),
    ("members.0.capture.sparsifier.k", -2),
    ("members.0.capture.sparsifier.temperatures", [float("nan")]),
    ("members.0.capture.libraries", [["deep"]] * 1000),
    ("members.0.capture.seed", HUGE),
    ("fingerprint", "0" * 64),
    ("codec", "nested-0"),
    ("format", "stillroom-soft-labels/1"),
    ("checksum", None),
    ("surplus", 1),
]
WRONG_BYTES: dict[str, bytes] = {
    "empty": b"",
    "null": b"null",
    "no object": b"[1, 2]",
    "half": b'{"format": "stillroom-soft-la',
    "deep lists": b"[" * MEGABYTES,
    "deep objects": b'{"a":' * (MEGABYTES // 5),
    "a million keys": b"{" + b",".join(b'"%d":0' % at for at in range(2**20)) + b"}",
    "a million lists": b'{"members":[' + b"[]," * 1_000_000 + b"[]]}",
    "sixty MB of lists": b'{"members":[' + b"[]," * (20 << 20) + b"[]]}",
    "just few enough lists": b'{"members":[' + b"[]," * 499_990 + b"[]]}",
    "just few enough keys": b"{" + b",".join(b'"%d":0' % at for at in range(999_990)) + b"}",
    "a long number": b'{"classes":' + b"9" * MEGABYTES + b"}",
    "a long exponent": b'{"classes":1e' + b"9" * 1000 + b"}",
    "no UTF-8": b'{"codec":"\xff\xfe"}',
    "a lone surrogate": b'{"codec":"\\ud800"}',
    "zeros": bytes(MEGABYTES),
    "UTF-16": '{"codec":1}'.encode("utf-16"),
}


def manifests(made: Captured) -> Iterator[Case]:
    """Yield manifests that are malformed."""
    whole = json.loads((made.folder / MANIFEST).read_text())
    for number, (path, value) in enumerate(WRONG_VALUES):
        document = copy.deepcopy(whole)
        put(path, value)(document)
        yield f"value {number} {path}", written(json.dumps(document).encode())
    for name, content in WRONG_BYTES.items():
        yield f"bytes {name}", written(content)
    yield "bytes beyond the limit", sparse(MANIFEST, MOST_OF_A_MANIFEST + 1)
    ((folder, _),) = made.store.kept()
    kept = json.loads((folder / MANIFEST).read_text())
    for number, change in enumerate([put("shards", {"../x": 1}), put("capture", {}), put("x", 1)]):
        document = copy.deepcopy(kept)
        change(document)
        yield f"{reader.STORE} {number}", written(json.dumps(document).encode())
    for name in ("deep lists", "a million keys"):
        yield f"{reader.STORE} {name}", written(WRONG_BYTES[name])


def written(content: bytes) -> Callable[[Path], None]:
    return lambda folder: put_file(folder / MANIFEST, content)


def sparse(name: str, size: int) -> Callable[[Path], None]:
    """Return what makes a file that claims a size and takes no room."""

    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") as file:
            file.truncate(size)

    return make


def put_file(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def with_shard(made: Captured, content: bytes, rows: int) -> Callable[[Path], None]:
    """Return what writes a set whose first shard has this content, as the manifest says."""

    def make(folder: Path) -> None:
        (member,) = made.labels.manifest.members
        shard = Shard.of(content, rows)
        put_file(folder / SHARDS / shard.name, content)
        for other in member.shards[1:]:
            put_file(folder / SHARDS / other.name, (made.folder / SHARDS / other.name).read_bytes())
        put_manifest(made, folder, (shard, *member.shards[1:]))

    return make


def bomb(made: Captured, making: Callable[[], bytes], rows: int) -> Callable[[Path], None]:
    """Return what makes a bomb only once it is to be written."""
    return lambda folder: with_shard(made, making(), rows)(folder)


def put_manifest(made: Captured, folder: Path, shards: tuple[Shard, ...]) -> None:
    whole: Manifest = made.labels.manifest
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


def tables(table: pa.Table, layout: Layout) -> Iterator[tuple[str, pa.Table]]:
    """Yield tables that are no shard, or whose columns lie."""
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
    del layout


def bombs(table: pa.Table) -> dict[str, Callable[[], bytes]]:
    """Return what makes files of at most a few MB that claim gigabytes."""
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

    def lying(total: int, uses_runs: bool, told: int) -> bytes:
        return relied(relied(of_zeros(total, uses_runs), total, told), total * 4, told)

    more, less = 400_000_000, 200_000_000
    return {
        "bomb of zeros, 1.6 GB": lambda: of_zeros(more, uses_runs=False),
        "bomb of runs, 1.6 GB": lambda: of_zeros(more, uses_runs=True),
        "bomb of zeros, 0.8 GB": lambda: of_zeros(less, uses_runs=False),
        "bomb of zeros, the footer says 100": lambda: lying(more, uses_runs=False, told=100),
        "bomb of runs, the footer says 100": lambda: lying(more, uses_runs=True, told=100),
        "bomb of runs, the footer says 0": lambda: lying(more, uses_runs=True, told=0),
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


def relied(content: bytes, true: int, told: int) -> bytes:
    """Return a file whose footer tells another number, wherever it told the true one."""
    length = int.from_bytes(content[-8:-4], "little")
    body, footer = content[: -8 - length], content[-8 - length : -8]
    old = varint(true)
    return body + footer.replace(old, varint(told, len(old))) + content[-8:]


def files(whole: bytes, table: pa.Table) -> Iterator[tuple[str, bytes]]:
    """Yield files that are no Parquet, or lie about themselves."""
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
    told = table.replace_schema_metadata({"ARROW:schema": "A" * 2**20, "more": "B" * 2**20})
    yield "megabytes of metadata", parquet(told)
    yield "one row a group", parquet(pa.concat_tables([table] * 100), row_group_size=1)
    draws = random.Random(3)
    for number in range(24):
        changed = bytearray(whole)
        for _ in range(1 + number % 3):  # the hash is right: what parses them is on its own
            changed[draws.randrange(len(whole) // 2 if number % 2 else 4, len(whole) - 8)] ^= (
                1 << draws.randrange(8)
            )
        yield f"flipped {number}", bytes(changed)


def shards(made: Captured) -> Iterator[Case]:
    """Yield sets with a hostile shard, whose hash is the manifest's."""
    first = made.labels.manifest.members[0].shards[0]
    table, layout = made.labels.shard_table(0, first), made.labels.layout(0)
    whole = to_bytes(table, layout)
    for name, lying in tables(table, layout):
        yield f"table {name}", with_shard(made, parquet(lying), first.rows)
    for name, content in files(whole, table):
        yield f"file {name}", with_shard(made, content, first.rows)
    for name, making in bombs(table).items():
        rows = 2000 if "one word" in name else first.rows
        yield name, bomb(made, making, rows)

    def of_10_gb(folder: Path) -> None:
        put_manifest(made, folder, made.labels.manifest.members[0].shards)
        sparse(f"{SHARDS}/{first.name}", 10 << 30)(folder)

    yield "file of 10 GB, and the manifest says less", of_10_gb


@pytest.mark.parametrize("every", [9, pytest.param(1, marks=pytest.mark.faults)])
def test_a_hostile_manifest_or_shard_is_a_named_error_in_bounded_memory(
    every: int, tmp_path: Path, counted: Callable[[str], None]
) -> None:
    made = capture(tmp_path / "set", 1, reader.KIND)
    cases = [*manifests(made), *shards(made)][::-every]
    for number, (name, make) in enumerate(cases):
        kind = reader.STORE if name.startswith(reader.STORE) else "set"
        folder = tmp_path / "cases" / f"{kind} {number:03d}"
        folder.mkdir(parents=True)
        make(folder)
        (folder / "name").write_text(name)
    search = os.pathsep.join([str(ROOT / "src"), str(ROOT / "tests/support")])
    subprocess.run(
        [sys.executable, reader.__file__, str(tmp_path / "cases")],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": search},
        check=True,
        timeout=900,
    )
    found: Counter[str] = Counter()
    wrong, most = [], 0
    for folder in sorted((tmp_path / "cases").iterdir()):
        name, told = (folder / "name").read_text(), json.loads((folder / "told.json").read_text())
        message, grown = told["message"], told["grown"]
        most = max(most, grown)
        present = [path.name for path in folder.rglob("*") if path.is_file()]
        is_named = any(file in message for file in [MANIFEST, folder.name, *present])
        if told["error"] == "none" and "flipped" in name:
            found["of equal content"] += 1  # verified against the teacher, to the last row
        elif told["error"] != "SoftLabelError" or not is_named or len(message) > 2000:
            wrong.append(f"{name}: {told['error']}: {message[:200]} ({len(message)})")
        else:
            found["refused by name"] += 1
        if grown > MOST_GROWTH:
            wrong.append(f"{name}: took {grown >> 20:,} MB more")
    assert wrong == []
    told = ", ".join(f"{count} {name}" for name, count in found.items())
    counted(
        f"{len(cases)} hostile manifests and shards: {told}; at most {most >> 20:,} MB more "
        f"(a shard may unpack to {MOST_BYTES >> 20:,} MB), 0 crashes"
    )
