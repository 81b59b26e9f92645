"""Blocks: batches across groups are assembled in order, for any widths of the targets."""

import numpy as np
import torch

from stillroom.data.views.image_views import PLAIN
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.data.sampler import MicroBatch
from stillroom.training.data.streaming_dataset import StreamingDataset

SIZES = (4, 3, 5)
STARTS = (0, 4, 7)


def see(blocks: object) -> MemoryDataset:
    """Return rows whose input and label are their index; block b has targets of width b + 1."""
    wanted = list(blocks)  # type: ignore[call-overload]
    numbers = np.concatenate([np.arange(SIZES[b]) + STARTS[b] for b in wanted])
    width = max(wanted) + 1
    ids = torch.arange(width).repeat(len(numbers), 1)
    log_p = torch.full((len(numbers), width), float(np.log(1 / width)))
    return MemoryDataset(
        inputs=torch.from_numpy(numbers).float()[:, None],
        labels=torch.from_numpy(numbers),
        example_ids=[bytes(16)] * len(numbers),
        views=PLAIN,
        variants=[(0, 0)],
        targets=[SoftTarget(ids, {1.0: log_p})],
    )


def test_a_batch_across_groups_has_its_rows_in_order_and_targets_as_wide_as_the_widest() -> None:
    table, order = StreamingDataset(SIZES, see, at_once=1).shuffled(seed=0)
    for epoch in range(4):
        rows = order.epoch(epoch)
        for batch in np.split(rows, [5, 10]):
            read = table[MicroBatch(batch=batch, number=0, count=1, epoch=epoch)]
            assert read.labels.tolist() == read.inputs.flatten().tolist() == batch.tolist()
            assert read.target is not None
            assert read.target.ids.shape[1] == max(np.searchsorted([4, 7], batch, "right")) + 1
            mass = read.target.at(1.0).exp().sum(dim=1)
            torch.testing.assert_close(mass, torch.ones(len(batch)))


def test_a_part_without_rows_is_an_empty_batch() -> None:
    table, _ = StreamingDataset(SIZES, see, at_once=3).shuffled(seed=0)
    empty = table[MicroBatch(batch=np.array([3, 9]), number=2, count=3, epoch=0)]
    assert empty.labels.tolist() == []
    assert (empty.counts.rows, empty.micro_batches) == (2, 3)
    full = np.array([3, 9, 0, 5])
    assert [
        table[MicroBatch(batch=full, number=n, count=2, epoch=0)].labels.tolist() for n in (0, 1)
    ] == [[3, 0], [9, 5]]


def test_length_and_a_look_at_the_targets() -> None:
    blocks = StreamingDataset(SIZES, see, at_once=2)
    assert len(blocks) == 12
    assert [target.ids.shape for target in blocks.some_targets()] == [(4, 1)]
