"""Batches: the order of an epoch in, the rows of each of its batches out.

    order ──cut every batch_size rows──> RowBatches
          ──sorted by length, cut at batch_tokens, batches shuffled──> TokenBatches

A batch of texts is as wide as its longest text. So a budget of tokens goes furthest where the texts
of a batch have about one length. Among texts of one length, the order decides which share a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from stillroom.training.data.sampler import EpochOrder, RowNumbers

BATCHES = 1  # a stream of random numbers of its own, beside that of the order


@dataclass(frozen=True, slots=True)
class RowBatches:
    """Batches of equally many rows.

    Attributes:
        order: the order of the rows.
        size: rows of a batch, at most.
    """

    order: EpochOrder
    size: int

    def __len__(self) -> int:
        """Return how many batches an epoch has.

        A last batch of a single row is dropped where it is not the only batch: batch normalisation
        cannot take it. The number of micro-batches makes no difference.
        """
        whole, left = divmod(len(self.order), self._size)
        return whole + (left >= 2 or whole == 0)

    def epoch(self, number: int) -> Sequence[RowNumbers]:
        """Return the rows of each batch of an epoch."""
        rows, size = self.order.epoch(number), self._size
        return [rows[at * size : (at + 1) * size] for at in range(len(self))]

    @property
    def _size(self) -> int:
        return min(self.size, len(self.order))


@dataclass(frozen=True)
class TokenBatches:
    """Batches of at most so many tokens, padding included.

    Attributes:
        order: the order of the rows.
        tokens: [N], the number of tokens of each row.
        budget: rows of a batch times its longest row, at most; a longer row is alone.
        seed: the seed of the order of the batches.
    """

    order: EpochOrder
    tokens: NDArray[np.int64]
    budget: int
    seed: int

    def __len__(self) -> int:
        """Return how many batches an epoch has."""
        return len(self._starts)

    def epoch(self, number: int) -> Sequence[RowNumbers]:
        """Return the rows of each batch of an epoch, none of them left out."""
        rows = self.order.epoch(number)
        rows = rows[np.argsort(-self.tokens[rows], kind="stable")]
        batches = np.split(rows, self._starts[1:])
        generator = np.random.default_rng([self.seed, number, BATCHES])
        return [batches[at] for at in generator.permutation(len(batches))]

    @cached_property
    def _starts(self) -> list[int]:
        """Where each batch begins, with the longest row first: equal for every order."""
        longest_first, starts, at = np.sort(self.tokens)[::-1], [], 0
        while at < len(longest_first):
            starts.append(at)
            at += max(1, self.budget // max(1, int(longest_first[at])))
        return starts
