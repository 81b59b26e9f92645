"""Distributions: what readers of soft labels get, whatever sparsifier and codec made them.

a shard's columns ──decode──> (owner, id, weight) of each entry
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Distributions:
    """N distributions over C classes as coordinates: entry e says weights[e] of ids[e].

    Attributes:
        owners: [E], which distribution each entry belongs to.
        ids: [E], distinct within a distribution.
        weights: [E], float64, at least 0. Of top-k these are probabilities that sum to less than
            one; of unbiased sparsifiers estimates that sum to one, each or on average.
        count: N.
        classes: C.
    """

    owners: Integers
    ids: Integers
    weights: Doubles
    count: int
    classes: int

    def __len__(self) -> int:
        """Return N."""
        return self.count

    @property
    def counts(self) -> Integers:
        """How many entries each distribution has, [N]."""
        return np.bincount(self.owners, minlength=self.count)

    @property
    def is_whole(self) -> bool:
        """Whether every distribution has an entry of each class."""
        return len(self.ids) == self.count * self.classes

    @property
    def masses(self) -> Doubles:
        """The sum of each distribution's weights, [N]."""
        return np.bincount(self.owners, self.weights, self.count).astype(np.float64)

    def take(self, rows: Integers) -> "Distributions":
        """Return some of the distributions, in the order given; none may be named twice."""
        place = np.full(self.count, -1, dtype=np.int64)
        place[rows] = np.arange(len(rows))
        kept = place[self.owners] >= 0
        return Distributions(
            place[self.owners][kept], self.ids[kept], self.weights[kept], len(rows), self.classes
        )

    def dense(self) -> Doubles:
        """Return [N, C], zero where nothing is stored."""
        filled = np.zeros((self.count, self.classes))
        filled[self.owners, self.ids] = self.weights
        return filled

    def padded(self) -> tuple[Integers, Doubles]:
        """Return ids [N, k] and weights [N, k] by falling weight, k the longest.

        Padding has weight 0 and ids that the row does not hold otherwise.
        """
        ids, (weights,) = padded([self])
        return ids, weights


def padded(several: Sequence[Distributions]) -> tuple[Integers, list[Doubles]]:
    """Return ids [N, k] and the weights [N, k] of each, by falling weight of the first.

    Args:
        several: the same entries under other weights, as at several temperatures.

    Raises:
        SoftLabelError: their entries differ.
    """
    first = several[0]
    for other in several[1:]:
        same = np.array_equal(first.owners, other.owners) and np.array_equal(first.ids, other.ids)
        if not same:
            raise SoftLabelError(
                "soft labels keep other classes at one temperature than at another, so one table "
                "cannot hold both. Ask for one temperature."
            )
    counts = first.counts
    k = int(counts.max(initial=1))
    order = np.lexsort((first.ids, -first.weights, first.owners))
    owners = first.owners[order]
    column = np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners]
    ids = np.zeros((first.count, k), np.int64)
    ids[owners, column] = first.ids[order]
    for row in np.flatnonzero(counts < k):
        held = set(ids[row, : counts[row]].tolist())
        free = (other for other in range(first.classes) if other not in held)
        ids[row, counts[row] :] = [next(free) for _ in range(k - counts[row])]
    tables = [np.zeros((first.count, k)) for _ in several]
    for table, one in zip(tables, several, strict=True):
        table[owners, column] = one.weights[order]
    return ids, tables


def mixed(parts: list[Distributions], shares: list[float]) -> Distributions:
    """Return sum_m shares[m] * parts[m], distribution by distribution; ids rise within each.

    Linear, so a mean of unbiased estimates is unbiased, and a mean of whole distributions exact.
    """
    classes, count = parts[0].classes, parts[0].count
    flat = np.concatenate([part.owners * classes + part.ids for part in parts])
    weights = np.concatenate(
        [share * part.weights for part, share in zip(parts, shares, strict=True)]
    )
    cells, at = np.unique(flat, return_inverse=True)
    return Distributions(
        owners=cells // classes,
        ids=cells % classes,
        weights=np.bincount(at, weights, len(cells)).astype(np.float64),
        count=count,
        classes=classes,
    )
