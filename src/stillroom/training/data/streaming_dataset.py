"""Rows on disk: blocks of neighbouring examples, of which a group is in memory at a time.

    examples' files, one block each ──scanned once──> sizes, shards of each block
    group of blocks ──read, joined by key──> Rows ──part──> Batch

For what does not fit `trainer.memory_gb`. A batch that spans two groups is put together from both,
so batches are as long as elsewhere. Each loading process holds two groups at most.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate

import numpy as np

from stillroom.objectives.mixture import Counts
from stillroom.objectives.soft_target import SoftTarget
from stillroom.training.data.batch_loader import Batch, joined
from stillroom.training.data.memory_dataset import Rows
from stillroom.training.data.sampler import Part, ShuffledInBlocks

See = Callable[[Sequence[int]], Rows]
HELD = 2  # groups: a batch may end one and begin the next


@dataclass(frozen=True, slots=True)
class Blocks:
    """Training rows on disk.

    Attributes:
        sizes: rows of each block.
        see: reads some blocks, in the order given, with all that a fit learns from.
        at_once: blocks in a group.
    """

    sizes: tuple[int, ...]
    see: See
    at_once: int

    def __len__(self) -> int:
        """Return how many rows there are."""
        return sum(self.sizes)

    def some_targets(self) -> list[SoftTarget]:
        """Return the targets of each variant, of the first block."""
        return self.see([0]).some_targets()

    def shuffled(self, seed: int) -> "tuple[Groups, ShuffledInBlocks]":
        """Return the rows and their order."""
        bounds = tuple(accumulate(self.sizes, initial=0))
        order = ShuffledInBlocks(bounds, self.at_once, seed)
        return Groups(self.see, order), order


@dataclass(slots=True)
class Groups:
    """Reads the groups of blocks that parts of batches ask for."""

    see: See
    order: ShuffledInBlocks
    _held: dict[tuple[int, ...], Rows] = field(default_factory=dict)

    def __getitem__(self, part: Part) -> Batch:
        """Return a part of a batch, as its variant has the rows."""
        bounds = np.array(self.order.bounds)
        block_of = np.searchsorted(bounds, part.batch, side="right") - 1
        mine = np.isin(np.arange(len(part.batch)), part.places)
        found, counts = [], []
        for group in self.order.groups(part.epoch):
            inside = np.isin(block_of, group)
            if not inside.any():
                continue
            start = dict(zip(group, accumulate(np.diff(bounds)[group], initial=0), strict=False))
            begins = np.array([start[block] - bounds[block] for block in block_of[inside]])
            places, rows = part.batch[inside] + begins, self._rows(group)
            whole = rows[replace(part, batch=places, number=0, of=1)]
            found.append(whole if part.of == 1 else whole.rows(mine[inside]))
            counts.append(whole.counts)
        return joined(found, Counts.summed(counts), part.of)

    def _rows(self, group: list[int]) -> Rows:
        key = tuple(group)
        if key not in self._held:
            while len(self._held) >= HELD:
                del self._held[next(iter(self._held))]
            self._held[key] = self.see(group)
        return self._held[key]
