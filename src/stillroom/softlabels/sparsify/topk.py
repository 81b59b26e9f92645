"""Top-k: the k largest logits of each row, found without sorting the row.

    Loaded [n, C] ──k-th largest of the blocks' maxima──> bound ──candidates──> Heads

The k-th largest of the blocks' maxima is a lower bound of the k-th largest logit, so only what
reaches it has to be looked at: exact, and one pass over the row.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stillroom.softlabels.sparsify.row_max import Loaded


@dataclass(slots=True)
class Heads:
    """The largest logits of n rows, flat, by row and rising id.

    Attributes:
        counts: [n].
        rows, ids: [E], int64.
        logits: [E].
    """

    counts: Tensor
    rows: Tensor
    ids: Tensor
    logits: Tensor


def largest(loaded: Loaded, k: int) -> Heads:
    """Return the min(k, support) largest of each row; of ties the lowest ids.

    Args:
        loaded: as `load` returns it: a difference of two logits may be lost when the maximum is
            subtracted.
        k: at least 1.
    """
    found = _candidates(loaded, k)
    table = by_row(found.logits, found.rows, found.counts, -torch.inf)
    best = table.topk(min(k, table.shape[1]), dim=1, sorted=False).values
    least = best.amin(dim=1)
    floor = least[found.rows]
    tied = found.logits == floor
    starts = found.counts.cumsum(0) - found.counts
    passed = tied.cumsum(0)
    last = passed[starts] - tied[starts].long() + (best == least[:, None]).sum(dim=1)
    reaching = (found.logits > floor) | (tied & (passed <= last[found.rows]))
    kept = _places(reaching)
    return Heads(found.counts.clamp(max=k), found.rows[kept], found.ids[kept], found.logits[kept])


def by_row(values: Tensor, rows: Tensor, counts: Tensor, filler: float) -> Tensor:
    """Return flat values [E] as a table [n, most of one row], the rest of each row a filler.

    Args:
        values: [E], row after row.
        rows: [E], rising.
        counts: [n], of each row.
        filler: what stands where a row has no more.
    """
    column = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
    table = values.new_full((len(counts), int(counts.max())), filler)
    table[rows, column] = values
    return table


def held(counts: Tensor) -> Tensor:
    """Return which places of such a table are not filler, [n, most of one row]."""
    return torch.arange(int(counts.max()), device=counts.device) < counts[:, None]


def _candidates(loaded: Loaded, k: int) -> Heads:
    """Return a superset of the k largest."""
    values = loaded.values
    maxima = loaded.maxima if loaded.maxima.shape[1] > 2 * k else values
    count, blocks = maxima.shape
    width = values.shape[1] // blocks
    bound = maxima.topk(min(k, blocks), dim=1, sorted=False).values.amin(dim=1)
    bound.clamp_(min=torch.finfo(bound.dtype).min)  # -inf has no mass
    found = _places((maxima >= bound[:, None]).view(-1))
    owners = found // blocks
    inside = values.view(-1, width).index_select(0, found)
    place = _places((inside >= bound[owners, None]).view(-1))
    block = place // width
    rows = owners[block]
    ids = ((found - owners * blocks) * width)[block] + place % width
    return Heads(torch.bincount(rows, minlength=count), rows, ids, inside.view(-1)[place])


def _places(mask: Tensor) -> Tensor:
    """Return where a mask [m] is true; on a CPU numpy finds it in half of torch's time."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))
    return torch.nonzero(mask)[:, 0]
