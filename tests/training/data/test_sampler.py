"""The order: it depends only on seed and epoch, is divided without loss and resumes anywhere."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.training.data.batches import RowBatches
from stillroom.training.data.sampler import (
    BatchSplit,
    BlockShuffle,
    GlobalShuffle,
    MicroBatch,
    MicroBatchSampler,
)

BLOCKS = BlockShuffle(bounds=(0, 4, 9, 10, 16, 21), at_once=2, seed=3)


def epoch_of(parts: MicroBatchSampler, epoch: int) -> list[MicroBatch]:
    parts.go_to(epoch, 0)
    return list(parts)


def sampler_of(rows: int, size: int, accumulate: int = 1) -> MicroBatchSampler:
    batches = RowBatches(GlobalShuffle(rows, 1), size)
    return MicroBatchSampler(batches, BatchSplit(0, 1, accumulate))


def test_an_epoch_has_each_row_once_and_the_next_another_order() -> None:
    order = GlobalShuffle(20, seed=3)
    first, second = order.epoch(0).tolist(), order.epoch(1).tolist()
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert (
        GlobalShuffle(20, seed=3).epoch(0).tolist()
        == first
        != GlobalShuffle(20, 4).epoch(0).tolist()
    )


def test_blocks_are_shuffled_and_rows_within_groups_of_blocks() -> None:
    for epoch in range(5):
        order = BLOCKS.epoch(epoch).tolist()
        assert sorted(order) == list(range(21))
        at = 0
        for group in BLOCKS.groups(epoch):
            rows = [row for block in group for row in range(*BLOCKS.bounds[block : block + 2])]
            assert sorted(order[at : at + len(rows)]) == sorted(rows)
            at += len(rows)
    assert len({str(BLOCKS.groups(epoch)) for epoch in range(5)}) > 1
    assert sorted(block for group in BLOCKS.groups(2) for block in group) == list(range(5))
    assert (BLOCKS.epoch(1) == BLOCKS.epoch(1)).all()
    assert any((np.diff(BLOCKS.epoch(epoch)[:4]) != 1).any() for epoch in range(3))


@given(
    rows=st.integers(1, 60),
    batch_size=st.integers(1, 20),
    processes=st.integers(1, 3),
    accumulate=st.integers(1, 3),
)
def test_the_parts_of_all_processes_are_the_batches_of_one(
    rows: int, batch_size: int, processes: int, accumulate: int
) -> None:
    order = GlobalShuffle(rows, seed=1)
    apart = [
        epoch_of(
            MicroBatchSampler(
                RowBatches(order, batch_size), BatchSplit(rank, processes, accumulate)
            ),
            2,
        )
        for rank in range(processes)
    ]
    assert len({len(parts) for parts in apart}) == 1
    assert len(apart[0]) % accumulate == 0
    expected = order.epoch(2).tolist()
    for batch in range(len(apart[0]) // accumulate):
        together = [
            parts[batch * accumulate + step] for step in range(accumulate) for parts in apart
        ]
        assert [part.number for part in together] == list(range(processes * accumulate))
        rows_of_batch = expected[batch * min(batch_size, rows) :][: min(batch_size, rows)]
        assert sorted(row for part in together for row in part.rows) == sorted(rows_of_batch)
        assert all(part.batch.tolist() == rows_of_batch for part in together)

        assert all(len(part.rows) != 1 for part in together if len(part.batch) > 1)


def test_a_last_batch_of_one_row_is_dropped_into_however_many_parts_it_is_cut() -> None:
    def sizes(rows: int, sharing: BatchSplit) -> list[int]:
        parts = MicroBatchSampler(RowBatches(GlobalShuffle(rows, 0), 6), sharing)
        assert len(parts) == len(list(parts))
        return [len(part.batch) for part in parts]

    alone, two = BatchSplit(), BatchSplit(0, 2, 1)
    assert sizes(13, alone) == sizes(13, two) == [6, 6]
    assert sizes(14, alone) == sizes(14, two) == [6, 6, 2]
    assert sizes(4, alone) == sizes(4, two) == [4]
    assert sizes(1, alone) == sizes(1, two) == [1]


def test_a_short_batch_leaves_parts_without_rows() -> None:
    parts = [
        MicroBatch(batch=np.arange(7), number=number, count=4, epoch=0).rows.tolist()
        for number in range(4)
    ]
    assert parts == [[0, 3, 6], [1, 4], [2, 5], []]


def test_a_part_knows_its_epoch() -> None:
    assert {part.epoch for part in epoch_of(sampler_of(50, 8), 3)} == {3}


@pytest.mark.parametrize("accumulate", [1, 3])
def test_what_was_left_in_the_midst_of_an_epoch_goes_on_at_the_very_next_part(
    accumulate: int,
) -> None:
    whole = sampler_of(50, 8, accumulate)
    for stop in range(len(whole) + 1):
        resumed = MicroBatchSampler(
            RowBatches(GlobalShuffle(50, 1), 8), BatchSplit(0, 1, accumulate)
        )
        resumed.go_to(4, stop)
        if stop == len(whole):
            assert (resumed.epoch, resumed.start) == (5, 0)
            continue
        resumed.set_epoch(
            4
        )  # Lightning calls this again; the order must not start from its beginning
        rest = [part.rows.tolist() for part in resumed]
        assert rest == [part.rows.tolist() for part in epoch_of(whole, 4)[stop:]]
        resumed.set_epoch(5)
        after = [part.rows.tolist() for part in resumed]
        assert after == [part.rows.tolist() for part in epoch_of(whole, 5)]


def test_bounds_that_touch_leave_no_row_out() -> None:
    sizes = [end - start for start, end in pairwise(BLOCKS.bounds)]
    assert sum(sizes) == len(BLOCKS) == 21
