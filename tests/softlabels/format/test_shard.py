"""Shards: equal rows give equal bytes, and only bytes with the hash of a manifest are parsed."""

import io
import math
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.softlabels.linear_teachers import capture, token_inputs

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format import shard as codec
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.shard import MOST_BYTES, from_bytes, to_bytes
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=2, temperatures=(1.0,)),
    Sample(samples=5, temperature=1.0),
    Threshold(entries=2.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=2, temperature=1.0),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
TOPK = Layout(TopK(k=1, temperatures=(1.0,)), 4)


def rows(layout: Layout, count: int, longest: int, seed: int = 0) -> pa.Table:
    """Return a table of random keys and lists; some labels null, some lists empty."""
    rng = np.random.default_rng(seed)
    columns: dict[str, pa.Array] = {
        "example_id": pa.array([rng.bytes(16) for _ in range(count)], pa.binary(16)),
        "input_key": pa.array([rng.bytes(16) for _ in range(count)], pa.binary(16)),
        "teacher": pa.array(["0123456789abcdef"] * count),
        "view": pa.array(rng.integers(0, 2**16, count), pa.uint16()),
        "draw": pa.array(rng.integers(0, 2**16, count), pa.uint16()),
        "label": pa.array([None if n % 3 == 0 else n for n in range(count)], pa.int32()),
    }
    for name, kind in layout.lists.items():
        whole = pa.types.is_integer(kind)
        lengths = rng.integers(0, longest + 1, count)
        top = 2**kind.bit_width if whole else 0
        columns[name] = pa.array(
            [rng.integers(0, top, n) if whole else rng.normal(size=n) for n in lengths],
            pa.list_(pa.field("element", kind, nullable=False)),
        )
    return pa.Table.from_arrays([columns[n] for n in layout.schema.names], schema=layout.schema)


def written(table: pa.Table, **how: object) -> bytes:
    """Return any table as Parquet, with settings other than a shard's."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **how)
    return sink.getvalue()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.sampled_from([4, 300, 70_000]),
    st.integers(1, 9),
    st.integers(0, 40),
    st.integers(0, 99),
)
def test_any_shard_is_read_back_and_polars_reads_the_same(
    kind: Sparsifier, classes: int, count: int, longest: int, seed: int
) -> None:
    layout = Layout(kind, classes)
    table = rows(layout, count, longest, seed)
    content = to_bytes(table, layout)
    assert from_bytes(content, Shard.of(content, count), layout).equals(table)
    assert pl.read_parquet(io.BytesIO(content)).to_dicts() == table.to_pylist()


def test_lists_of_more_than_a_page_are_read_back_and_polars_reads_the_same() -> None:
    layout = Layout(TopK(k=2, temperatures=(1.0,)), 70_000)
    table = rows(layout, 2, 600_000, seed=1)
    content = to_bytes(table, layout)
    assert from_bytes(content, Shard.of(content, 2), layout).equals(table)
    seen = pl.read_parquet(io.BytesIO(content))
    for name in layout.lists:
        expected = table[name].combine_chunks().flatten().to_numpy()
        assert (seen[name].explode().drop_nulls().to_numpy() == expected).all()


@kinds
def test_bytes_depend_on_the_rows_and_not_on_how_they_lie_in_memory(kind: Sparsifier) -> None:
    layout = Layout(kind, 300)
    whole = rows(layout, 9, 20)
    pieces = pa.concat_tables([whole.slice(0, 2), whole.slice(2, 3), whole.slice(5)])
    padded = pa.concat_tables([whole, whole]).combine_chunks().slice(9)
    shuffled = whole.take(pa.array(range(8, -1, -1))).take(pa.array(range(8, -1, -1)))
    assert {to_bytes(of, layout) for of in (pieces, padded, shuffled)} == {to_bytes(whole, layout)}
    assert to_bytes(whole.slice(1), layout) != to_bytes(whole, layout)


def test_a_shard_is_one_row_group_with_page_checksums() -> None:
    table = rows(TOPK, 9, 20)
    content = bytearray(to_bytes(table, TOPK))
    assert pq.ParquetFile(io.BytesIO(content)).num_row_groups == 1
    # Even a reader without a manifest detects a page whose data do not fit its checksum.
    first = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0).column(0)
    content[first.data_page_offset + first.total_compressed_size - 1] ^= 1
    with pytest.raises(OSError, match="CRC"):
        pq.ParquetFile(io.BytesIO(content), page_checksum_verification=True).read()


def test_bytes_of_another_hash_are_refused_before_they_are_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = to_bytes(rows(TOPK, 9, 20), TOPK)
    shard = Shard.of(content, 9)
    parsed: list[object] = []
    monkeypatch.setattr(codec, "_read_table", lambda *given: parsed.append(given))
    for position in range(0, len(content), 53):
        damaged = bytearray(content)
        damaged[position] ^= 1
        with pytest.raises(SoftLabelError, match=f"{shard.name} is damaged"):
            from_bytes(bytes(damaged), shard, TOPK)
    for truncated in (b"", content[:-1], content + b"\0"):
        with pytest.raises(SoftLabelError, match=f"{shard.name} is damaged"):
            from_bytes(truncated, shard, TOPK)
    assert parsed == []
    from_bytes(content, shard, TOPK)
    assert len(parsed) == 1


@pytest.mark.parametrize(
    "content", [b"PAR1", b"not Parquet at all", b"PAR1" + b"\0" * 40 + b"PAR1"]
)
def test_bytes_with_the_right_hash_that_are_not_parquet_are_refused_by_name(content: bytes) -> None:
    shard = Shard.of(content, 1)
    with pytest.raises(SoftLabelError, match=f"shard {shard.name} is not Parquet"):
        from_bytes(content, shard, TOPK)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_changed_byte_under_a_matching_hash_is_refused_or_read_and_never_crashes(
    data: st.DataObject,
) -> None:
    content = bytearray(CONTENT)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    shard = Shard.of(bytes(content), 3)
    try:
        table = from_bytes(bytes(content), shard, TOPK)
    except SoftLabelError as error:
        assert shard.name in str(error)
    else:
        assert table.num_rows == 3
        assert table.schema.equals(TOPK.schema)


CONTENT = to_bytes(rows(TOPK, 3, 4), TOPK)


def test_another_number_of_rows_is_refused_by_name() -> None:
    content = to_bytes(rows(TOPK, 9, 20), TOPK)
    shard = Shard.of(content, 8)
    with pytest.raises(SoftLabelError, match=f"{shard.name} has 9 rows, but the manifest says 8"):
        from_bytes(content, shard, TOPK)


def test_columns_of_another_layout_are_refused_by_name() -> None:
    whole = rows(TOPK, 3, 4)
    wide = Layout(TOPK.sparsifier, 300)
    label = whole.schema.get_field_index("label")
    others = {
        "another kind": rows(Layout(Full(), 4), 3, 4),
        "wider ids": rows(wide, 3, 4),
        "a column less": whole.drop_columns(["entropy"]),
        "a column more": whole.append_column("more", pa.array([1, 2, 3])),
        "another order": whole.select([*whole.schema.names[1:], "example_id"]),
        "another type": whole.set_column(label, "label", pa.array([1, 2, 3], pa.int64())),
        "nulls allowed": whole.set_column(3, "view", pa.array([1, None, 3], pa.uint16())),
    }
    for table in others.values():
        content = written(table)
        shard = Shard.of(content, 3)
        with pytest.raises(
            SoftLabelError, match=rf"{shard.name} has the columns .*, not example_id"
        ):
            from_bytes(content, shard, TOPK)


def test_lists_that_a_run_length_code_blows_up_are_refused_before_they_are_unpacked() -> None:
    zeros = pa.array(np.zeros(2**20, np.uint8))
    one, place = rows(TOPK, 1, 0), TOPK.schema.get_field_index("ids")
    field = TOPK.schema.field(place)
    ids = pa.ListArray.from_arrays(pa.array([0, len(zeros)], pa.int32()), zeros, type=field.type)
    huge = one.set_column(place, field, ids)
    groups = math.ceil(MOST_BYTES / 8 / len(zeros)) + 1
    sink = io.BytesIO()
    with pq.ParquetWriter(sink, TOPK.schema, compression="zstd") as writer:
        for _ in range(groups):
            writer.write_table(huge)
    content = sink.getvalue()
    assert len(content) < MOST_BYTES / 1000
    shard = Shard.of(content, groups)
    with pytest.raises(SoftLabelError, match=f"{shard.name} claims to hold 1,.* at most 1,073,741"):
        from_bytes(content, shard, TOPK)


def test_a_dictionary_of_one_long_text_is_refused_before_it_is_unpacked() -> None:
    count = 2000
    long = pa.array(["x" * 2**20]).dictionary_encode()
    teacher = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), long.dictionary)
    table = rows(TOPK, count, 0)
    huge = table.set_column(2, pa.field("teacher", teacher.type, nullable=False), teacher)
    content = written(huge, store_schema=False)
    assert len(content) < MOST_BYTES / 1000
    shard = Shard.of(content, count)
    with pytest.raises(SoftLabelError, match=f"{shard.name} claims to hold 2,"):
        from_bytes(content, shard, TOPK)


@kinds
def test_what_training_reads_is_what_was_written(tmp_path: Path, kind: Sparsifier) -> None:
    made = capture(tmp_path / "set", 1, kind, token_inputs())
    for shard, table in made.labels.tables(0):
        content = (made.folder / "shards" / shard.name).read_bytes()
        assert to_bytes(table, made.labels.layout(0)) == content
