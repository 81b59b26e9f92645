"""Loaders: the same batches with any number of workers, and a position to continue from."""

import os
import signal
from dataclasses import dataclass

import pytest
import torch

from stillroom.objectives.mixture import BatchCounts
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.training.data.batch_loader import Batch, BatchLoader
from stillroom.training.data.batches import RowBatches
from stillroom.training.data.sampler import GlobalShuffle, MicroBatch, MicroBatchSampler


@dataclass
class Numbers:
    """Rows whose content is their number, and whose label is the process that loaded them."""

    def __getitem__(self, part: MicroBatch) -> Batch:
        rows = torch.from_numpy(part.rows)
        target = SoftTarget(rows[:, None], {2.0: torch.full((len(rows), 1), -1.0)})
        loaded_by = torch.full((len(rows),), os.getpid())
        return Batch(
            inputs=rows.float(),
            labels=loaded_by,
            target=target,
            counts=BatchCounts(len(part.batch), 0, len(part.batch)),
            micro_batches=part.count,
        )


class Handlers:
    """Rows whose content is a worker's handlers of SIGTERM and SIGINT."""

    def __getitem__(self, part: MicroBatch) -> Batch:
        defaults = (signal.SIGTERM, signal.SIG_DFL), (signal.SIGINT, signal.SIG_IGN)
        are_default = torch.tensor(
            [float(signal.getsignal(one) == other) for one, other in defaults]
        )
        return Batch(
            inputs=are_default,
            labels=are_default.long(),
            target=None,
            counts=BatchCounts(0, 0, 0),
            micro_batches=1,
        )


def loader(workers: int = 0) -> BatchLoader:
    return BatchLoader(Numbers(), MicroBatchSampler(RowBatches(GlobalShuffle(40, 1), 6)), workers)


def seen(batches: BatchLoader, epoch: int) -> list[list[float]]:
    batches.sampler.set_epoch(epoch)  # type: ignore[attr-defined]
    return [batch.inputs.tolist() for batch in batches]


@pytest.mark.parametrize("workers", [2, pytest.param(4, marks=pytest.mark.faults)])
def test_workers_feed_the_order_of_none(workers: int) -> None:
    alone, helped = loader(), loader(workers)
    for epoch in (0, 1, 5):
        assert seen(helped, epoch) == seen(alone, epoch)
    by = {int(batch.labels[0]) for batch in helped}
    assert os.getpid() not in by
    assert len(by) == workers
    assert {int(batch.labels[0]) for batch in alone} == {os.getpid()}


@pytest.mark.parametrize(
    ("workers", "stop"), [*((0, stop) for stop in range(1, 8)), (2, 2)], ids=str
)
def test_what_was_handed_out_is_where_another_goes_on(workers: int, stop: int) -> None:
    whole = seen(loader(), 3)
    assert len(whole) == 7
    first = loader(workers)
    first.sampler.set_epoch(3)  # type: ignore[attr-defined]
    given = iter(first)
    taken = [next(given).inputs.tolist() for _ in range(stop)]
    state = first.state_dict()
    assert state == {"epoch": 3, "part": stop}  # without the batches that workers have prefetched
    assert taken == whole[:stop]
    second = loader()
    second.load_state_dict(state)
    rest = [batch.inputs.tolist() for batch in second]
    assert rest == (whole[stop:] or seen(loader(), 4))


def test_workers_leave_signals_to_the_trainer() -> None:
    before = signal.getsignal(signal.SIGTERM)
    batches = BatchLoader(
        Handlers(), MicroBatchSampler(RowBatches(GlobalShuffle(4, 1), 4)), workers=1
    )
    assert next(iter(batches)).inputs.tolist() == [1.0, 1.0]
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_batch_moves_whole() -> None:
    batch = next(iter(loader())).to(torch.device("meta"))
    assert batch.target is not None
    assert {batch.inputs.device.type, batch.labels.device.type, batch.target.ids.device.type} == {
        "meta"
    }
    assert (batch.counts, batch.micro_batches) == (BatchCounts(6, 0, 6), 1)
