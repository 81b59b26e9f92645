"""Top-k: the k largest logits of each row, found without sorting the row.

    shifted [n, C] ──maxima of blocks, k-th largest of those──> bound ──candidates──> k largest

The k-th largest of the blocks' maxima is a lower bound of the k-th largest logit, so only what
reaches it has to be looked at: exact, and one pass over the row.
"""

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.mass import LOWEST, Shifted

MAXIMA_BLOCK = 32


def largest(shifted: Shifted, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return the min(k, support) largest of each row, by rising id; of ties the lowest ids.

    Args:
        shifted: as `mass.shift` returns it.
        k: at least 1.

    Returns:
        counts [n], ids [E] and values [E] (shifted logits), flat over the rows.
    """
    rows, ids, values = _candidates(shifted.values, k)
    found = torch.bincount(rows, minlength=len(shifted.values))
    table = by_row(values, rows, found, -torch.inf)
    counts = found.clamp(max=k)
    least = table.topk(min(k, table.shape[1]), dim=1, sorted=False).values.amin(dim=1)[:, None]
    above, ties = table > least, table == least
    left = counts - above.sum(dim=1)
    reaching = above | (ties & (ties.cumsum(dim=1) <= left[:, None]))
    kept = reaching[held(found)].nonzero()[:, 0]
    return counts, ids[kept], values[kept]


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


def _candidates(values: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return rows, ids and values of a superset of the k largest, by row and rising id."""
    count, width = values.shape
    block = MAXIMA_BLOCK if width % MAXIMA_BLOCK == 0 and width // MAXIMA_BLOCK > 2 * k else 1
    blocks = values.view(count, width // block, block)
    maxima = blocks.amax(dim=2)
    enough = min(k, maxima.shape[1])
    bound = maxima.topk(enough, dim=1, sorted=False).values.amin(dim=1).clamp(min=LOWEST / 2)
    found = torch.nonzero((maxima >= bound[:, None]).view(-1))[:, 0]
    inside = blocks.view(-1, block).index_select(0, found)
    reaching = inside >= bound[found // maxima.shape[1], None]
    place = torch.nonzero(reaching.view(-1))[:, 0]
    at = found[place // block] * block + place % block
    return at // width, at % width, inside.view(-1)[place]
