"""The order of training: rows, a seed and an epoch in, the micro-batches of that epoch out.

    permutation(epoch) ──`batches`──> batch ──split among processes and steps──> MicroBatch, …

The order depends only on the seed and the epoch. So student and control see the same batches, the
number of loading processes makes no difference, and a stopped run continues with the next batch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

RowNumbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroBatch:
    """The rows that one process learns from at once: every n-th row of a batch.

    Each micro-batch has at least two rows or none, since batch normalisation cannot take a single
    row.

    Attributes:
        batch: [B], the rows of the whole batch.
        number: the number of this micro-batch, from 0.
        count: how many micro-batches the batch has; the last ones of a short batch have no rows.
        epoch: from 0; epochs take the variants of the rows in turn.
    """

    batch: RowNumbers
    number: int
    count: int
    epoch: int

    @property
    def offsets(self) -> RowNumbers:
        """Where the rows of this micro-batch stand in the batch."""
        filled = max(1, min(self.count, len(self.batch) // 2))
        every = np.arange(len(self.batch))
        return every[self.number :: filled] if self.number < filled else every[:0]

    @property
    def rows(self) -> RowNumbers:
        """The rows of this micro-batch."""
        return self.batch[self.offsets]


@dataclass(frozen=True, slots=True)
class BatchSplit:
    """How a batch is split: among processes, and by each process over several steps.

    Attributes:
        rank: the number of this process, from 0.
        processes: how many processes there are.
        accumulate: micro-batches that a process computes one after another before an optimiser
            step.
    """

    rank: int = 0
    processes: int = 1
    accumulate: int = 1

    @property
    def micro_batches(self) -> int:
        """How many micro-batches a batch has."""
        return self.processes * self.accumulate


UNSPLIT = BatchSplit()


class EpochOrder(Protocol):
    """A permutation of the training rows for each epoch."""

    def __len__(self) -> int:
        """Return how many rows there are."""
        ...

    def epoch(self, number: int) -> RowNumbers:
        """Return each row's index once, in the order of an epoch, from 0."""
        ...


class Batches(Protocol):
    """The batches of each epoch; every epoch has the same number."""

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        ...

    def epoch(self, number: int) -> Sequence[RowNumbers]:
        """Return the rows of each batch of an epoch, from 0."""
        ...


@dataclass(frozen=True, slots=True)
class GlobalShuffle:
    """A permutation of all rows."""

    rows: int
    seed: int

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self.rows

    def epoch(self, number: int) -> RowNumbers:
        """Return a permutation of the rows."""
        return np.random.default_rng([self.seed, number]).permutation(self.rows)


@dataclass(frozen=True, slots=True)
class BlockShuffle:
    """Blocks of neighbouring rows in random order, and rows shuffled within groups of blocks.

    The blocks of a group are in memory at the same time. Each epoch groups the blocks differently.

    Attributes:
        bounds: [blocks + 1], where each block begins, and where the last one ends.
        at_once: the number of blocks in a group.
        seed: the seed of the permutations.
    """

    bounds: tuple[int, ...]
    at_once: int
    seed: int

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self.bounds[-1]

    def groups(self, number: int) -> list[list[int]]:
        """Return the blocks of each group of an epoch, in order."""
        blocks = self._generator(number).permutation(len(self.bounds) - 1).tolist()
        return [blocks[at : at + self.at_once] for at in range(0, len(blocks), self.at_once)]

    def epoch(self, number: int) -> RowNumbers:
        """Return the rows of one group after the other, shuffled within each."""
        generator = self._generator(number)
        generator.permutation(len(self.bounds) - 1)  # what `groups` draws
        shuffled = [
            generator.permutation(np.concatenate([self._rows(block) for block in group]))
            for group in self.groups(number)
        ]
        return np.concatenate(shuffled)

    def _generator(self, number: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, number])

    def _rows(self, block: int) -> RowNumbers:
        return np.arange(self.bounds[block], self.bounds[block + 1], dtype=np.int64)


class MicroBatchSampler(Sampler[MicroBatch]):
    """The micro-batches of one process, epoch after epoch; can start in the middle of one."""

    def __init__(self, cut: Batches, split: BatchSplit = UNSPLIT) -> None:
        """Split each batch of `cut`."""
        self.cut, self.split = cut, split
        self.epoch = self.start = 0

    def __len__(self) -> int:
        """Return how many micro-batches of an epoch this process has."""
        return self.batches * self.split.accumulate

    @property
    def batches(self) -> int:
        """How many batches an epoch has."""
        return len(self.cut)

    def set_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch, from 0; within the current epoch, stay where it is."""
        if epoch != self.epoch:
            self.go_to(epoch, 0)

    def go_to(self, epoch: int, number: int) -> None:
        """Start at a micro-batch of an epoch; past the last one, at the next epoch."""
        past = number >= len(self)
        self.epoch, self.start = epoch + past, 0 if past else number

    def __iter__(self) -> Iterator[MicroBatch]:
        """Yield this process's micro-batches of the rest of the epoch."""
        batches, split = self.cut.epoch(self.epoch), self.split
        for at in range(self.start, len(self)):
            batch, step = divmod(at, split.accumulate)
            yield MicroBatch(
                batch=batches[batch],
                number=split.rank + split.processes * step,
                count=split.micro_batches,
                epoch=self.epoch,
            )
