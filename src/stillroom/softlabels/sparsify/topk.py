"""Top-k: the k largest logits of each row, found without sorting the row.

    shifted [n, C] ──maxima of blocks, k-th largest of those──> bound ──candidates──> k largest

The k-th largest of the blocks' maxima is a lower bound of the k-th largest logit, so only what
reaches it has to be looked at: exact, and one pass over the row.
"""

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.mass import LOWEST, Shifted

MAXIMA_BLOCK = 64


def largest(shifted: Shifted, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the min(k, support) largest of each row, by falling value, ties by rising id.

    Args:
        shifted: as `mass.shift` returns it.
        k: at least 1.

    Returns:
        counts [n], ids [E] and values [E] (shifted logits), flat over the rows.
    """
    rows, ids, values = _candidates(shifted.values, k)
    # Two stable sorts: by value within what is already in order of the ids, then by row.
    order = torch.argsort(values, descending=True, stable=True)
    order = order[torch.argsort(rows[order], stable=True)]
    rows, ids, values = rows[order], ids[order], values[order]
    counts = torch.bincount(rows, minlength=len(shifted.values))
    rank = torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]
    kept = rank < k
    return counts.clamp(max=k), ids[kept], values[kept]


def _candidates(values: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return rows, ids and values of a superset of the k largest, by row and rising id."""
    count, width = values.shape
    block = MAXIMA_BLOCK if width % MAXIMA_BLOCK == 0 and width // MAXIMA_BLOCK > 2 * k else 1
    blocks = values.view(count, width // block, block)
    maxima = blocks.amax(dim=2)
    at = min(k, maxima.shape[1])
    bound = maxima.topk(at, dim=1).values[:, -1].clamp(min=LOWEST / 2)
    rows, found = torch.nonzero(maxima >= bound[:, None], as_tuple=True)
    inside = blocks[rows, found]
    which, offset = torch.nonzero(inside >= bound[rows, None], as_tuple=True)
    return rows[which], found[which] * block + offset, inside[which, offset]
