"""Inverse CDF: finds the class that owns a point of a row's cumulative mass.

    Mass + points ──sums of blocks──> block ──walk through the block──> class

The cumulative sums of the blocks show which block holds a point. So the walk starts at that block
and not at the beginning of the row.
"""

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.rules.softmax_mass import Mass


def inverse_cdf(mass: Mass, rows: Tensor, points: Tensor) -> Tensor:
    """Return the class at each point of the cumulative mass, walked by rising id.

    Class i owns [p_0 + … + p_(i-1), p_0 + … + p_i); a class without mass is never returned.

    Args:
        mass: its `sums` must be the sums of its `e`.
        rows: [m], int64, rising.
        points: [m], float64, unnormalised: 0 <= point < the sum of the row's `sums`.

    Returns:
        [m], int64.
    """
    ends = mass.sums.cumsum(dim=1)
    blocks = _search(ends, rows, points).clamp_(max=mass.sums.shape[1] - 1)
    before = torch.where(
        blocks > 0, ends[rows, (blocks - 1).clamp_(min=0)], torch.zeros_like(points)
    )
    width = mass.e.shape[2]
    inside = mass.e.view(-1, width).index_select(0, rows * mass.e.shape[1] + blocks)
    walk = inside.cumsum(dim=1, dtype=torch.float64)
    offset = torch.searchsorted(walk, (points - before)[:, None], right=True)[:, 0]
    # The block's stored sum and the sum of this walk may differ in the last bit.
    beyond = torch.nonzero(offset == width)[:, 0]
    last = width - 1 - (inside[beyond] > 0).flip(1).to(torch.uint8).argmax(dim=1)
    return blocks * width + offset.index_copy(0, beyond, last)


def _search(ends: Tensor, rows: Tensor, points: Tensor) -> Tensor:
    counts = torch.bincount(rows, minlength=len(ends))
    column = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
    table = points.new_zeros((len(ends), int(counts.max()) if len(rows) else 0))
    table[rows, column] = points
    return torch.searchsorted(ends, table, right=True)[rows, column]
