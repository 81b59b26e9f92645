"""The dataset factory, if rows do not fit into memory: blocks of files, in any process."""

import gc
from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from support.examples.image_examples import (
    ImageExamples,
)
from support.training.dataset_factories import (
    contents,
    epoch_of,
    in_blocks,
    source,
)
from support.training.jobs import OBJECTIVE, a_fit

from stillroom.errors import SoftLabelError
from stillroom.io.tables import TableFile, write_table
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.data.batch_loader import BatchLoader
from stillroom.training.data.batches import RowBatches
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.data.sampler import BatchSplit, MicroBatchSampler
from stillroom.training.data.streaming_dataset import StreamingDataset


@pytest.mark.parametrize("rows", ["all", "labelled"])
@pytest.mark.parametrize("files", [1.0, 2.0])
def test_blocks_show_each_row_once_an_epoch_with_its_own_view_and_target(
    made: ImageExamples, labels: SoftLabelSet, rows: str, files: float
) -> None:
    objective = OBJECTIVE if rows == "all" else None
    fit = a_fit(objective=objective, rows=rows, share=0.85)
    whole = source(made, labels).dataset_of(fit)
    blocks = in_blocks(made, labels, files).dataset_of(fit)
    assert isinstance(blocks, StreamingDataset)
    assert len(blocks) == len(whole)
    assert 0.6 < len(whole) / (60 if rows == "all" else 40) < 1
    orders = []
    for epoch in range(3):
        expected = [row for batch in epoch_of(whole, epoch) for row in contents(batch)]
        batches = epoch_of(blocks, epoch)
        read = [row for batch in batches for row in contents(batch)]
        assert Counter(read) == Counter(expected)
        assert [len(batch.labels) for batch in batches] == [
            len(batch.labels) for batch in epoch_of(whole, epoch)
        ]
        assert read != expected
        orders.append([label for _, label, _ in read])
        for batch in batches:
            known = int((batch.labels >= 0).sum())
            assert (batch.counts.rows, batch.counts.labelled) == (len(batch.labels), known)
    assert orders[0] != orders[2]  # with the same view


def test_the_parts_of_two_processes_are_the_batches_of_one_in_blocks_too(
    made: ImageExamples, labels: SoftLabelSet
) -> None:
    blocks = in_blocks(made, labels).dataset_of(a_fit(objective=OBJECTIVE))
    whole = epoch_of(blocks, 1)
    halves = [epoch_of(blocks, 1, BatchSplit(rank, 2)) for rank in (0, 1)]
    for batch, first, second in zip(whole, *halves, strict=True):
        together = sorted(contents(first) + contents(second))
        assert together == sorted(contents(batch))
        assert contents(first) == contents(batch)[::2]
        assert first.counts == second.counts == batch.counts


def test_a_group_is_read_once_an_epoch_and_two_are_held_at_most(
    made: ImageExamples, labels: SoftLabelSet
) -> None:
    blocks = in_blocks(made, labels, files=1.0).dataset_of(a_fit(objective=OBJECTIVE))
    assert isinstance(blocks, StreamingDataset)
    read: list[tuple[int, ...]] = []

    def reading(which: object) -> MemoryDataset:
        read.append(tuple(which))  # type: ignore[arg-type]
        return blocks.read(which)  # type: ignore[arg-type]

    table, order = replace(blocks, read=reading).shuffled(seed=1)
    for epoch in range(2):
        parts = MicroBatchSampler(RowBatches(order, 8))
        parts.go_to(epoch, 0)
        for part in parts:
            table[part]
            assert len(table._held) <= 2
    assert len(read) <= 2 * len(blocks.sizes)
    assert set(read) == {(block,) for block in range(len(blocks.sizes))}


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.faults)])
def test_blocks_are_read_alike_by_any_number_of_processes(
    made: ImageExamples, labels: SoftLabelSet, workers: int
) -> None:
    blocks = in_blocks(made, labels).dataset_of(a_fit(objective=OBJECTIVE))
    blocks.some_targets()  # from here on polars has threads in this process
    table, order = blocks.shuffled(seed=7)
    loader = BatchLoader(table, MicroBatchSampler(RowBatches(order, 8)), workers)
    batches = [contents(batch) for batch in loader]
    assert batches == [
        contents(batch) for batch in BatchLoader(table, MicroBatchSampler(RowBatches(order, 8)), 0)
    ]
    assert len(batches) == 8


def test_what_was_read_of_a_group_is_let_go_with_it(
    made: ImageExamples, labels: SoftLabelSet
) -> None:
    table, order = (
        in_blocks(made, labels, 1.0).dataset_of(a_fit(objective=OBJECTIVE)).shuffled(seed=7)
    )
    alive = []
    for epoch in range(3):
        parts = MicroBatchSampler(RowBatches(order, 8))
        parts.go_to(epoch, 0)
        for part in parts:
            table[part]
        alive.append(sum(type(one).__name__ == "_Member" for one in gc.get_objects()))
    assert alive[2] <= alive[0]


def test_a_row_without_a_soft_label_is_reported_before_training_also_in_blocks(
    made: ImageExamples, labels: SoftLabelSet, tmp_path: Path
) -> None:
    known = made.examples.read()
    more = known[:2].with_columns(example_id=pl.Series([b"a new example 01", b"a new example 02"]))
    write_table(pl.concat([known, more]), tmp_path / "00001-of-00001.parquet")
    with pytest.raises(SoftLabelError, match=r"2 of 62 training .* first is 61206e65772.* 0 of 2"):
        source(ImageExamples(TableFile(tmp_path), made.encoder), labels, 1.0).dataset_of(
            a_fit(objective=OBJECTIVE)
        )
