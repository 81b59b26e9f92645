"""Chunks: cut by content, so that an added or removed row changes only the chunks around it."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.softlabels.capture.chunks import CaptureInput, Chunk, chunks
from stillroom.softlabels.format.row import Row


def capture_input(number: int, part: str = "a", **changes: object) -> CaptureInput:
    key = hashlib.blake2b(str(number).encode(), digest_size=16).digest()
    row = Row(number.to_bytes(16, "big"), key, part, 0, 0, np.array([number % 5], np.int32))
    return CaptureInput(replace(row, **changes), lambda: np.zeros(1))


ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 99)), max_size=120).map(
    lambda pairs: [capture_input(number, part=f"{part}") for part, number in sorted(pairs)]
)
SIZES = st.integers(1, 20)


@given(ROWS, SIZES)
def test_every_row_is_in_one_chunk_in_the_original_order(
    inputs: list[CaptureInput], size: int
) -> None:
    cut = list(chunks(iter(inputs), size))
    assert [capture_input for block in cut for capture_input in block.inputs] == inputs
    assert [block.rows for block in cut] == [[q.row for q in block.inputs] for block in cut]


@given(ROWS, SIZES)
def test_no_chunk_spans_two_parts(inputs: list[CaptureInput], size: int) -> None:
    for block in chunks(inputs, size):
        assert len({row.part for row in block.rows}) == 1


@given(ROWS, SIZES)
def test_a_chunk_has_half_to_twice_its_size_unless_its_part_ends_there(
    inputs: list[CaptureInput], size: int
) -> None:
    cut = list(chunks(inputs, size))
    for block, following in zip(cut, [*cut[1:], None], strict=False):
        assert 1 <= len(block.rows) <= 2 * size
        ends = following is None or following.rows[0].part != block.rows[0].part
        assert ends or len(block.rows) >= size / 2


@pytest.mark.parametrize("size", [8, 64])
def test_chunks_have_their_size_on_average(size: int) -> None:
    cut = list(chunks(map(capture_input, range(200 * size)), size))
    assert 160 <= len(cut) <= 250


def keys(inputs: list[CaptureInput], size: int) -> set[str]:
    return {block.key for block in chunks(inputs, size)}


@pytest.mark.parametrize("size", [8, 64])
@pytest.mark.parametrize("change", ["inserted", "removed", "exchanged"])
def test_a_changed_row_changes_only_the_chunks_around_it(size: int, change: str) -> None:
    whole = [capture_input(number) for number in range(60 * size)]
    before = keys(whole, size)
    new = [] if change == "removed" else [capture_input(10**6)]
    changed = []
    for at in range(0, len(whole), len(whole) // 50):
        left = whole[:at] + new + whole[at + (change != "inserted") :]
        changed.append(len(keys(left, size) - before))
    assert min(changed) == 1
    assert max(changed) <= 6
    assert sum(changed) / len(changed) < 2


@given(SIZES, st.integers(0, 100), st.integers(1, 30))
def test_appended_rows_change_only_the_last_chunk_of_their_part(
    size: int, count: int, more: int
) -> None:
    first = [capture_input(number) for number in range(count)]
    other = [capture_input(number, part="b") for number in range(1000, 1050)]
    added = [capture_input(number) for number in range(count, count + more)]
    before = [block.key for block in chunks(first + other, size)]
    after = {block.key for block in chunks(first + added + other, size)}
    last = len(list(chunks(first, size))) - 1
    gone = [at for at, key in enumerate(before) if key not in after]
    assert gone in ([], [last])


def test_the_key_of_a_chunk_changes_with_all_that_its_shard_depends_on_and_with_the_order() -> None:
    rows = [capture_input(number) for number in range(3)]
    changes: list[dict[str, object]] = [
        {"example_id": b"e" * 16},
        {"input_key": b"k" * 16},
        {"view": 1},
        {"draw": 1},
        {"labels": np.array([3], np.int32)},
        {"labels": np.array([-1], np.int32)},
        {"labels": np.array([0, 0], np.int32)},
        {"labels": np.array([], np.int32)},
    ]
    sets = [tuple(rows), tuple(rows[::-1]), tuple(rows[:2]), tuple(rows[1:])]
    sets += [(capture_input(0, **change), *rows[1:]) for change in changes]
    assert len({Chunk(capture_inputs).key for capture_inputs in sets}) == len(sets) == 12


def test_the_key_of_a_chunk_does_not_depend_on_the_name_of_its_part_or_on_the_inputs() -> None:
    moved = CaptureInput(replace(capture_input(0).row, part="b"), lambda: np.ones(5))
    assert Chunk((moved,)).key == Chunk((capture_input(0),)).key


@pytest.mark.parametrize(
    ("labels", "label"), [([2], 2), ([0], 0), ([-1], None), ([2, 1], None), ([-1, 2], None)]
)
def test_the_label_of_a_row_is_that_of_its_one_position(
    labels: list[int], label: int | None
) -> None:
    row = replace(capture_input(0).row, labels=np.array(labels, np.int32), draw=4)
    assert row.label == label
    assert row.key == (row.input_key, 4, label)
