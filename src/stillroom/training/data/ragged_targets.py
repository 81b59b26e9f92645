"""Ragged targets: soft labels of many positions in, those of a batch's rows as one table out.

    Distributions of all rows, one after the other ──rows──> SoftTarget [positions, k]

Flat distributions hold many more entries than peaked ones. As long as they are not learnt from they
take what they hold; a batch is as wide as its longest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stillroom.objectives.soft_target import SoftTarget
from stillroom.softlabels.format.distributions import Distributions, Integers


@dataclass(frozen=True, slots=True)
class Ragged:
    """The targets of N rows.

    Attributes:
        rows: [N + 1], where each row's positions begin, and the end.
        positions: [P + 1], where each position's entries begin, and the end.
        ids: [E], int32.
        log_p: [E] at each temperature, float32.
    """

    rows: Tensor
    positions: Tensor
    ids: Tensor
    log_p: Mapping[float, Tensor]

    @classmethod
    def of(cls, found: Mapping[float, Distributions], lengths: Integers) -> "Ragged":
        """Gather the same positions' distributions at each temperature.

        Args:
            found: of all rows' positions, in order.
            lengths: [N], how many positions each row has.
        """
        first = next(iter(found.values()))
        if int(lengths.sum()) != len(first):
            raise ValueError(f"{len(first)} soft labels for {int(lengths.sum())} positions")
        order = np.lexsort((-first.weights, first.owners))
        with np.errstate(divide="ignore"):  # log 0 is -inf, and the objective knows it
            log_p = {
                t: torch.from_numpy(np.log(one.weights[_same(one, first, order)])).float()
                for t, one in found.items()
            }
        return cls(
            _bounds(lengths),
            _bounds(first.counts),
            torch.from_numpy(first.ids[order].astype(np.int32)),
            log_p,
        )

    def of_rows(self, at: Tensor) -> SoftTarget:
        """Return the positions of some rows, [n] int64, one row after the other."""
        positions = _within(self.rows[at], self.rows[at + 1])
        first, last = self.positions[positions], self.positions[positions + 1]
        counts, entries = last - first, _within(first, last)
        width = int(counts.max()) if len(counts) else 0
        inside = torch.arange(width) < counts[:, None]
        ids = torch.zeros(inside.shape, dtype=torch.int64)
        ids[inside] = self.ids[entries].long()
        ids = torch.where(inside, ids, _free(ids, inside, counts))
        log_p = {}
        for temperature, values in self.log_p.items():
            log_p[temperature] = torch.full(inside.shape, -torch.inf)
            log_p[temperature][inside] = values[entries]
        return SoftTarget(ids, log_p)


def _same(one: Distributions, first: Distributions, order: Integers) -> Integers:
    """Return the order for another temperature, whose entries must be the same ones."""
    if not (np.array_equal(one.owners, first.owners) and np.array_equal(one.ids, first.ids)):
        raise ValueError("soft labels keep other tokens at one temperature than at another")
    return order


def _bounds(lengths: Integers) -> Tensor:
    return torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def _within(first: Tensor, last: Tensor) -> Tensor:
    """Return every number from each first up to its last."""
    lengths = last - first
    before = lengths.cumsum(0) - lengths
    return torch.arange(int(lengths.sum())) + (first - before).repeat_interleave(lengths)


def _free(ids: Tensor, inside: Tensor, counts: Tensor) -> Tensor:
    """Return ids [m, k] of which no row has those beyond its count: the lowest ones."""
    width = ids.shape[1]
    held = torch.zeros((len(ids), width + 1), dtype=torch.bool)
    held.scatter_(1, torch.where(inside, ids.clamp(max=width), width), value=True)
    free = held[:, :width].int().argsort(dim=1, stable=True)
    return free.gather(1, (torch.arange(width) - counts[:, None]).clamp(min=0))
