"""Top-k: finds the k largest logits of each row without sorting the row.

    PaddedLogits [n, C] ──k-th largest of the blocks' maxima──> bound ──> LargestLogits

The k-th largest of the blocks' maxima is a lower bound of the k-th largest logit. So only logits
that reach this bound are compared. The result is exact and takes one pass over the row.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from stillroom.softlabels.sparsify.rules.row_max import PaddedLogits


@dataclass(slots=True)
class LargestLogits:
    """The largest logits of n rows, flat, by row and rising id.

    Attributes:
        counts: [n], how many each row has.
        rows, ids: [E], int64.
        logits: [E].
    """

    counts: Tensor
    rows: Tensor
    ids: Tensor
    logits: Tensor


def largest_logits(padded: PaddedLogits, k: int) -> LargestLogits:
    """Return the min(k, support) largest logits of each row; the lowest ids of equal logits.

    Args:
        padded: logits from which no maximum was subtracted: a subtraction could make two different
            logits equal.
        k: at least 1.
    """
    candidates = _candidates(padded, k)
    table = padded_table(candidates.logits, candidates.rows, candidates.counts, -torch.inf)
    best = table.topk(min(k, table.shape[1]), dim=1, sorted=False).values
    least = best.amin(dim=1)
    floor = least[candidates.rows]
    tied = candidates.logits == floor
    starts = candidates.counts.cumsum(0) - candidates.counts
    tied_so_far = tied.cumsum(0)
    last = tied_so_far[starts] - tied[starts].long() + (best == least[:, None]).sum(dim=1)
    is_largest = (candidates.logits > floor) | (tied & (tied_so_far <= last[candidates.rows]))
    chosen = _indices(is_largest)
    return LargestLogits(
        candidates.counts.clamp(max=k),
        candidates.rows[chosen],
        candidates.ids[chosen],
        candidates.logits[chosen],
    )


def padded_table(values: Tensor, rows: Tensor, counts: Tensor, filler: float) -> Tensor:
    """Return flat values [E] as a table [n, longest row], padded with a filler.

    Args:
        values: [E], row after row.
        rows: [E], rising.
        counts: [n], how many values each row has.
        filler: the value of the padding.
    """
    column = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
    table = values.new_full((len(counts), int(counts.max())), filler)
    table[rows, column] = values
    return table


def entry_mask(counts: Tensor) -> Tensor:
    """Return which cells of a padded table hold a value, [n, longest row]."""
    return torch.arange(int(counts.max()), device=counts.device) < counts[:, None]


def _candidates(padded: PaddedLogits, k: int) -> LargestLogits:
    """Return a superset of the k largest logits of each row."""
    values = padded.values
    maxima = padded.maxima if padded.maxima.shape[1] > 2 * k else values
    count, blocks = maxima.shape
    width = values.shape[1] // blocks
    bound = maxima.topk(min(k, blocks), dim=1, sorted=False).values.amin(dim=1)
    bound.clamp_(min=torch.finfo(bound.dtype).min)  # -inf has no mass
    reaching = _indices((maxima >= bound[:, None]).view(-1))
    owners = reaching // blocks
    inside = values.view(-1, width).index_select(0, reaching)
    index = _indices((inside >= bound[owners, None]).view(-1))
    block = index // width
    rows = owners[block]
    ids = ((reaching - owners * blocks) * width)[block] + index % width
    return LargestLogits(torch.bincount(rows, minlength=count), rows, ids, inside.view(-1)[index])


def _indices(mask: Tensor) -> Tensor:
    """Return where a mask [m] is true; on a CPU numpy takes half of torch's time."""
    if mask.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(mask.numpy()))
    return torch.nonzero(mask)[:, 0]
