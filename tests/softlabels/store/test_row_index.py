"""Row index: finds the newest location of each row, and reads no wrong row."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.softlabels.linear_teachers import Linear, capture_inputs, fill, linear

from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import row_keys
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.row import RowKey
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store import row_index as module
from stillroom.softlabels.store.row_index import RowIndex, RowLocation
from stillroom.softlabels.store.store import CaptureStore, Store

KIND = TopK(k=2, temperatures=(1.0,))


def index_of(member: Linear, store: Store) -> RowIndex:
    return RowIndex(
        store.of(member.capture, CODEC), Layout(member.capture.sparsifier, member.classes)
    )


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Linear, Store, list[Shard]]:
    """Return a member, and a store that holds its answers to 25 inputs."""
    member, store = linear(1, KIND), Store(tmp_path)
    return member, store, fill(member, store, capture_inputs())


Filled = tuple[Linear, Store, list[Shard]]


def test_each_row_is_found_at_its_location(filled: Filled) -> None:
    member, store, shards = filled
    index = index_of(member, store)
    keys = [row.key for row in capture_inputs().rows]
    locations = index.find(keys)
    expected = [(shard, row) for shard in shards for row in range(shard.rows)]
    assert [
        (index.shards[location.shard], location.row) for location in locations if location
    ] == expected
    rows_read = index.rows([location for location in locations[::-3] if location is not None])
    assert rows_read is not None
    assert sorted(row_keys(rows_read), key=str) == sorted(keys[::-3], key=str)


def test_rows_that_no_shard_holds_have_no_location(filled: Filled) -> None:
    member, store, _ = filled
    row = capture_inputs().rows[1]
    assert row.label is not None
    others: list[RowKey] = [
        (b"\xff" * 16, 0, row.label),
        (row.input_key, 1, row.label),
        (row.input_key, 0, row.label + 1),
        (row.input_key, 0, None),
    ]
    locations = index_of(member, store).find([*others, row.key])
    assert locations[:4] == [None] * 4
    assert locations[4] is not None


def test_an_empty_store_has_no_rows(tmp_path: Path) -> None:
    index = index_of(linear(1, KIND), Store(tmp_path))
    assert index.find([row.key for row in capture_inputs().rows]) == [None] * 25
    assert index.find([]) == []
    assert index.rows([]) is None


KEYS = [(bytes([number]) * 16, 0, None) for number in range(12)]


def table(numbers: list[int]) -> pa.Table:
    return pa.table(
        {
            "input_key": [KEYS[number][0] for number in numbers],
            "draw": [0] * len(numbers),
            "label": pa.array([None] * len(numbers), pa.int32()),
        }
    )


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 11), min_size=1, max_size=6, unique=True), max_size=12))
def test_the_newest_location_of_each_row_is_found_after_any_additions(
    shards: list[list[int]],
) -> None:
    with TemporaryDirectory() as folder:
        index = index_of(linear(1, Full()), Store(Path(folder)))
        newest: dict[int, RowLocation] = {}
        for number, rows in enumerate(shards):
            index.add(Shard.of(f"{number}".encode(), len(rows)), table(rows))
            newest |= {row: RowLocation(number, at) for at, row in enumerate(rows)}
            assert index.find(KEYS) == [newest.get(row) for row in range(12)]


def test_a_shard_is_indexed_once(tmp_path: Path) -> None:
    index = index_of(linear(1, Full()), Store(tmp_path))
    shard = Shard.of(b"content", 2)
    index.add(shard, table([3, 4]))
    index.add(shard, table([4, 3]))
    assert index.find([KEYS[3]]) == [RowLocation(0, 0)]
    assert len(index.shards) == 1


def test_rows_of_a_shard_that_was_damaged_after_it_was_indexed_are_not_read(
    filled: Filled,
) -> None:
    member, store, shards = filled
    index = index_of(member, store)
    locations = [
        location for location in index.find([row.key for row in capture_inputs().rows]) if location
    ]
    store.of(member.capture, CODEC).path(shards[1]).write_bytes(b"damaged")
    rows_read = index.rows(locations)
    assert rows_read is not None
    assert rows_read.num_rows == 25 - shards[1].rows
    for shard in shards:
        store.of(member.capture, CODEC).path(shard).unlink(missing_ok=True)
    assert index.rows(locations) is None


def test_a_shard_of_another_teacher_is_not_indexed(filled: Filled) -> None:
    member, store, shards = filled
    ours = store.of(member.capture, CODEC)
    other = linear(2, KIND)
    theirs: CaptureStore = store.of(other.capture, CODEC)
    theirs.commit("0" * 64, ours.path(shards[0]).read_bytes(), shards[0].rows)
    assert set(index_of(other, store).find([row.key for row in capture_inputs().rows])) == {None}


def test_two_rows_with_the_same_hash_are_distinguished_by_their_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np

    monkeypatch.setattr(
        module, "_hashes", lambda keys: np.array([key[0][0] % 4 for key in keys], np.uint64)
    )
    deceived, plain = linear(1, KIND), linear(1, KIND)
    shards = fill(deceived, Store(tmp_path / "a"), capture_inputs())
    monkeypatch.undo()
    assert shards == fill(plain, Store(tmp_path / "b"), capture_inputs())
