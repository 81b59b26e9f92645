"""The dataset on disk: blocks of neighbouring examples, of which one group is in memory at a time.

    files of the examples, one block each ──scanned once──> sizes, and shards of each block
    group of blocks ──read, joined by key──> MemoryDataset ──micro-batch──> Batch

It serves examples that do not fit `trainer.memory_gb`. A batch that spans two groups takes rows of
both, so batches have the same size as in memory. Each loading process holds at most two groups.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np

from stillroom.objectives.mixture import BatchCounts
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.training.data.batch_loader import Batch, concatenated
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.data.sampler import BlockShuffle, MicroBatch

ReadBlocks = Callable[[Sequence[int]], MemoryDataset]
GROUPS_HELD = 2  # a batch may end one group and begin the next


@dataclass(frozen=True, slots=True)
class StreamingDataset:
    """Training rows on disk.

    Attributes:
        sizes: the number of rows of each block.
        read: reads some blocks, in the given order, with everything that a fit learns from.
        at_once: the number of blocks in a group.
    """

    sizes: tuple[int, ...]
    read: ReadBlocks
    at_once: int

    def __len__(self) -> int:
        """Return how many rows there are."""
        return sum(self.sizes)

    def some_targets(self) -> list[SoftTarget]:
        """Return the targets of each variant in the first block."""
        return self.read([0]).some_targets()

    def row_tokens(self) -> None:
        """Return None: the length of a text is known only when its block is read."""

    def shuffled(self, seed: int) -> "tuple[BlockGroups, BlockShuffle]":
        """Return the rows and their order."""
        bounds = tuple(accumulate(self.sizes, initial=0))
        order = BlockShuffle(bounds, self.at_once, seed)
        return BlockGroups(self.read, order), order


@dataclass(slots=True)
class BlockGroups:
    """Reads the groups of blocks that micro-batches need, and keeps the latest ones."""

    read: ReadBlocks
    order: BlockShuffle
    _held: dict[tuple[int, ...], MemoryDataset] = field(default_factory=dict)

    def __getitem__(self, micro_batch: MicroBatch) -> Batch:
        """Return a micro-batch; epochs take the variants in turn."""
        bounds = np.array(self.order.bounds)
        block_of = np.searchsorted(bounds, micro_batch.batch, side="right") - 1
        is_own = np.isin(np.arange(len(micro_batch.batch)), micro_batch.offsets)
        pieces, counts = [], []
        for group in self.order.groups(micro_batch.epoch):
            inside = np.isin(block_of, group)
            if not inside.any():
                continue
            start = dict(zip(group, accumulate(np.diff(bounds)[group], initial=0), strict=False))
            shift = np.array([start[block] - bounds[block] for block in block_of[inside]])
            rows = micro_batch.batch[inside] + shift  # numbered within the group
            whole = self._group(group)[replace(micro_batch, batch=rows, number=0, count=1)]
            pieces.append(whole if micro_batch.count == 1 else whole.rows(is_own[inside]))
            counts.append(whole.counts)
        return concatenated(pieces, BatchCounts.summed(counts), micro_batch.count)

    def _group(self, group: list[int]) -> MemoryDataset:
        key = tuple(group)
        if key not in self._held:
            while len(self._held) >= GROUPS_HELD:
                del self._held[next(iter(self._held))]
            self._held[key] = self.read(group)
        return self._held[key]
