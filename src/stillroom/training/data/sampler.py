"""The order of training: rows, a seed and an epoch in, the batches of that epoch out.

    permutation(epoch) ──cut into batches──> shared out among processes ──> Part, Part, …

The order is a function of seed and epoch alone, so student and control see the same batches, any
number of loading workers feeds them, and a run that was stopped goes on at the very next one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Part:
    """What one process learns from at once: the rows of a batch, dealt out in turn.

    Each part gets two rows at least or none, since batch normalisation cannot take a single one.

    Attributes:
        batch: [B], the rows of the whole batch.
        number, of: which part this is, from 0, of how many; the last ones of a short batch have
            no rows.
        epoch: from 0; epochs take the variants of the rows in turn.
    """

    batch: Rows
    number: int
    of: int
    epoch: int

    @property
    def places(self) -> Rows:
        """Where the rows of this part stand in the batch."""
        filled = max(1, min(self.of, len(self.batch) // 2))
        every = np.arange(len(self.batch))
        return every[self.number :: filled] if self.number < filled else every[:0]

    @property
    def rows(self) -> Rows:
        """The rows of this part."""
        return self.batch[self.places]


@dataclass(frozen=True, slots=True)
class Sharing:
    """How a batch is shared out: among processes, and by each over so many steps.

    Attributes:
        rank, processes: this process's number, from 0, of how many.
        accumulate: parts that a process computes one after another before the weights move.
    """

    rank: int = 0
    processes: int = 1
    accumulate: int = 1

    @property
    def parts(self) -> int:
        """Into how many parts a batch is cut."""
        return self.processes * self.accumulate


ALONE = Sharing()


class Order(Protocol):
    """A permutation of the training rows for each epoch."""

    def __len__(self) -> int:
        """Return how many rows there are."""
        ...

    def epoch(self, number: int) -> Rows:
        """Return each row's index once, in the order of an epoch, from 0."""
        ...


@dataclass(frozen=True, slots=True)
class Shuffled:
    """Every row can come anywhere."""

    rows: int
    seed: int

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self.rows

    def epoch(self, number: int) -> Rows:
        """Return a permutation of the rows."""
        return np.random.default_rng([self.seed, number]).permutation(self.rows)


@dataclass(frozen=True, slots=True)
class ShuffledInBlocks:
    """Blocks of neighbouring rows in random order, and rows shuffled within groups of blocks.

    A group is what is in memory at once. Which blocks share a group differs from epoch to epoch.

    Attributes:
        bounds: [blocks + 1], where each block begins and the last one ends.
        at_once: blocks in a group.
        seed: of the permutations.
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

    def epoch(self, number: int) -> Rows:
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

    def _rows(self, block: int) -> Rows:
        return np.arange(self.bounds[block], self.bounds[block + 1], dtype=np.int64)


class Parts(Sampler[Part]):
    """The parts of one process, epoch after epoch; can begin in the middle of one."""

    def __init__(self, order: Order, batch_size: int, sharing: Sharing = ALONE) -> None:
        """Cut an order into batches of at most `batch_size` rows."""
        self.order, self.sharing = order, sharing
        self.batch_size = min(batch_size, len(order))
        self.epoch = self.start = 0

    def __len__(self) -> int:
        """Return how many parts of an epoch are this process's."""
        return self.batches * self.sharing.accumulate

    @property
    def batches(self) -> int:
        """How many batches an epoch has.

        A last one of a single row is dropped where it is not the only one: batch normalisation
        cannot take it. Into how many parts batches are cut makes no difference.
        """
        whole, left = divmod(len(self.order), self.batch_size)
        return whole + (left >= 2 or whole == 0)

    def set_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch, from 0; where it is at hand already, stay in its midst."""
        if epoch != self.epoch:
            self.go_to(epoch, 0)

    def go_to(self, epoch: int, part: int) -> None:
        """Begin at a part of an epoch; past its last one, at the next epoch."""
        past = part >= len(self)
        self.epoch, self.start = epoch + past, 0 if past else part

    def __iter__(self) -> Iterator[Part]:
        """Yield this process's parts of the rest of the epoch."""
        order, share = self.order.epoch(self.epoch), self.sharing
        for at in range(self.start, len(self)):
            batch, step = divmod(at, share.accumulate)
            rows = order[batch * self.batch_size : (batch + 1) * self.batch_size]
            yield Part(rows, share.rank + share.processes * step, share.parts, self.epoch)
