"""Distributions: the form in which soft labels are read, regardless of sparsifier and codec.

    a shard's columns ──decode──> SparseDistributions: (owner, id, weight) of each entry
    a shard of `full` ──decode──> DenseDistributions: log p of every class

Both have the same attributes and methods. A dense one computes its entries only on access.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SparseDistributions:
    """N distributions over C classes as coordinates: entry e gives ids[e] the weight weights[e].

    Attributes:
        owners: [E], the distribution that each entry belongs to.
        ids: [E], distinct within a distribution.
        weights: [E], float64, at least 0. For top-k they are probabilities that sum to less than
            one. For unbiased sparsifiers they are estimates that sum to one, for each distribution
            or on average.
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

    def take(self, rows: Integers) -> "SparseDistributions":
        """Return some of the distributions, in the given order; each row may occur only once."""
        new_owner = np.full(self.count, -1, dtype=np.int64)
        new_owner[rows] = np.arange(len(rows))
        chosen = new_owner[self.owners] >= 0
        return SparseDistributions(
            new_owner[self.owners][chosen],
            self.ids[chosen],
            self.weights[chosen],
            len(rows),
            self.classes,
        )

    def dense(self) -> Doubles:
        """Return the weights [N, C], zero for classes that are not stored."""
        weights = np.zeros((self.count, self.classes))
        weights[self.owners, self.ids] = self.weights
        return weights

    def log_dense(self) -> Doubles:
        """Return the logarithms [N, C], -inf for classes that are not stored."""
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(self.dense()))


@dataclass(frozen=True, slots=True)
class DenseDistributions:
    """N distributions over C classes that store every class.

    Attributes:
        log_p: [N, C], float64.
    """

    log_p: Doubles

    def __len__(self) -> int:
        """Return N."""
        return len(self.log_p)

    @property
    def count(self) -> int:
        """N."""
        return len(self.log_p)

    @property
    def classes(self) -> int:
        """C."""
        return self.log_p.shape[1]

    @property
    def owners(self) -> Integers:
        """The distribution that each entry belongs to, [N * C]."""
        return np.repeat(np.arange(self.count, dtype=np.int64), self.classes)

    @property
    def ids(self) -> Integers:
        """Every class of each distribution, rising, [N * C]."""
        return np.tile(np.arange(self.classes, dtype=np.int64), self.count)

    @property
    def weights(self) -> Doubles:
        """The probabilities, [N * C]."""
        return self.dense().ravel()

    @property
    def counts(self) -> Integers:
        """How many entries each distribution has, [N]: all C."""
        return np.full(self.count, self.classes, dtype=np.int64)

    @property
    def is_whole(self) -> bool:
        """Whether every distribution has an entry of each class: always."""
        return True

    @property
    def masses(self) -> Doubles:
        """The sum of each distribution's probabilities, [N]."""
        return np.asarray(self.dense().sum(axis=1))

    def take(self, rows: Integers) -> "DenseDistributions":
        """Return some of the distributions, in the given order."""
        return DenseDistributions(self.log_p[rows])

    def dense(self) -> Doubles:
        """Return the probabilities [N, C]."""
        return np.exp(self.log_p)

    def log_dense(self) -> Doubles:
        """Return their logarithms [N, C]."""
        return self.log_p


Distributions = SparseDistributions | DenseDistributions


def log_softmax(logits: NDArray[Any], temperature: float = 1.0) -> Doubles:
    """Return log softmax(logits / T) over the last axis, in float64; bit for bit that of scipy.

    It is not called from scipy, because a program that only reads sets needs no scipy.
    """
    scaled = logits.astype(np.float64) / temperature
    largest = scaled.max(axis=-1, keepdims=True)
    above = scaled - np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore"):  # log 0 is -inf: a position without any probability
        return np.asarray(above - np.log(np.exp(above).sum(axis=-1, keepdims=True)))


def mixture(parts: Sequence[Distributions], shares: Sequence[float]) -> SparseDistributions:
    """Return sum_m shares[m] * parts[m], distribution by distribution; ids rise within each.

    This is linear, so the mean of unbiased estimates is unbiased, and the mean of whole
    distributions is exact.
    """
    classes, count = parts[0].classes, parts[0].count
    flat = np.concatenate([part.owners * classes + part.ids for part in parts])
    weights = np.concatenate(
        [share * part.weights for part, share in zip(parts, shares, strict=True)]
    )
    cells, at = np.unique(flat, return_inverse=True)
    return SparseDistributions(
        owners=cells // classes,
        ids=cells % classes,
        weights=np.bincount(at, weights, len(cells)).astype(np.float64),
        count=count,
        classes=classes,
    )
