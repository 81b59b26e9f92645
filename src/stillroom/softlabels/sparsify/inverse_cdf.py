"""Locate: a point of a row's cumulative mass in, the class that owns it out.

    Mass + points ──blocks' sums──> block ──a walk through it──> class

The sums of the blocks say where a point lies, so that no row is walked from its beginning.
"""

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.softmax_mass import Mass


def locate(of: Mass, rows: Tensor, points: Tensor) -> Tensor:
    """Return the class at each point of the cumulative mass, walked by rising id.

    Class i owns [p_0 + … + p_(i-1), p_0 + … + p_i); a class without mass is never returned.

    Args:
        of: the mass; its `sums` must be those of its `e`.
        rows: [m], int64, rising.
        points: [m], float64, unnormalised: 0 <= point < the row's sum of `sums`.
    """
    ends = of.sums.cumsum(dim=1)
    blocks = _search(ends, rows, points).clamp_(max=of.sums.shape[1] - 1)
    before = torch.where(
        blocks > 0, ends[rows, (blocks - 1).clamp_(min=0)], torch.zeros_like(points)
    )
    width = of.e.shape[2]
    inside = of.e.view(-1, width).index_select(0, rows * of.e.shape[1] + blocks)
    walk = inside.cumsum(dim=1, dtype=torch.float64)
    passed = torch.searchsorted(walk, (points - before)[:, None], right=True)[:, 0]
    # The block's own sum and this walk through it may differ in the last bit.
    beyond = torch.nonzero(passed == width)[:, 0]
    last = width - 1 - (inside[beyond] > 0).flip(1).to(torch.uint8).argmax(dim=1)
    return blocks * width + passed.index_copy(0, beyond, last)


def _search(ends: Tensor, rows: Tensor, points: Tensor) -> Tensor:
    counts = torch.bincount(rows, minlength=len(ends))
    column = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
    table = points.new_zeros((len(ends), int(counts.max()) if len(rows) else 0))
    table[rows, column] = points
    return torch.searchsorted(ends, table, right=True)[rows, column]
