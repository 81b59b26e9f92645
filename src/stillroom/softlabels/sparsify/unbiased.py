"""Unbiased sparsifiers: random draws whose expectation is the distribution itself.

    Mass + uniforms in [0, 1) ──> heads with probabilities, tails of equal weight

Ids are walked in rising order and each distribution has uniforms of its own, so a row's entries
depend on nothing but its logits and its draw.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.inverse_cdf import locate
from stillroom.softlabels.sparsify.softmax_mass import Mass
from stillroom.softlabels.sparsify.topk import Heads, by_row, held

# What comes this close to its step is a head: unbiased as well, and the rounding of the blocks'
# sums in float32 cannot hit a tail entry twice.
SLACK = 1e-4


@dataclass(slots=True)
class Split:
    """Heads and tails of n distributions, flat, by row and rising id.

    Attributes:
        head_counts: [n]; head_ids, head_p: [H], head_p in float64.
        tail_counts: [n]; tail_ids: [E - H].
    """

    head_counts: Tensor
    head_ids: Tensor
    head_p: Tensor
    tail_counts: Tensor
    tail_ids: Tensor


def threshold(mass: Mass, tau: float, uniforms: Tensor) -> Split:
    """Keep p >= tau; of the rest, what the points (u + j) * tau of its cumulative mass fall on.

    Source: Barnes et al., arXiv 2402.14925; systematic sampling with step tau.

    Args:
        mass: of n distributions; its heads are taken out of it in place.
        tau: the step, in probability.
        uniforms: [n], float64.
    """
    step = tau * mass.z
    head = _take_heads(mass, step * (1 - SLACK))
    return Split(*head, *_systematic(mass, step, uniforms))


def fixed_threshold(largest: Heads, mass: Mass, k: int, uniforms: Tensor) -> Split:
    """Keep min(k, support) entries of each distribution, with the tau that gives just so many.

    Args:
        largest: the k largest of the logits that `mass` was made from.
        mass: of n distributions; its heads are taken out of it in place.
        k: entries, at least 1.
        uniforms: [n], float64.
    """
    counts, rows, ids = largest.counts, largest.rows, largest.ids
    n = len(counts)
    taken = mass.e.view(n, -1)[rows, ids]
    # Stable: of what ties, the lowest id is the first to become a head.
    falling = by_row(largest.logits, rows, counts, -torch.inf)
    order = falling.argsort(dim=1, descending=True, stable=True)
    top = mass.z.new_zeros((n, k))
    top[:, : order.shape[1]] = by_row(taken.double(), rows, counts, 0.0).gather(1, order)
    _put(mass, rows, ids, torch.zeros_like(taken))
    heads = _heads_of_fixed(top, mass.sums.sum(dim=1))
    is_head = (order.argsort(dim=1) < heads[:, None])[held(counts)]
    _put(mass, rows[~is_head], ids[~is_head], taken[~is_head])
    head = ids[is_head], taken[is_head].double() / mass.z[rows[is_head]]
    tail = mass.sums.cumsum(dim=1)[:, -1]
    # A support of k or less is all heads: nothing is left for a tail to fall on.
    left = torch.where(tail > 0, k - heads, 0)
    step = torch.where(left > 0, tail / left.clamp(min=1), torch.inf)
    return Split(heads, *head, *_systematic(mass, step, uniforms, left))


def sample(mass: Mass, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Draw from each distribution with replacement.

    Args:
        mass: of n distributions.
        uniforms: [n, draws], float64.

    Returns:
        counts [n] of distinct ids, ids [E] rising within a row, times [E] that each was drawn.
    """
    n, draws = uniforms.shape
    total = mass.sums.cumsum(dim=1)[:, -1]
    points = _below(uniforms.sort(dim=1).values * total[:, None], total[:, None]).flatten()
    rows = torch.arange(n, device=points.device).repeat_interleave(draws)
    drawn = torch.stack([rows, locate(mass, rows, points)], dim=1)
    distinct, times = torch.unique_consecutive(drawn, dim=0, return_counts=True)
    return torch.bincount(distinct[:, 0], minlength=n), distinct[:, 1], times


def _take_heads(mass: Mass, cut: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return counts, ids and probabilities of e >= cut, and zero them in `mass`."""
    n, _, width = mass.e.shape
    rows, blocks = torch.nonzero(mass.e.amax(dim=2).double() >= cut[:, None], as_tuple=True)
    inside = mass.e[rows, blocks]
    is_head = inside.double() >= cut[rows, None]
    which, offset = torch.nonzero(is_head, as_tuple=True)
    head_rows = rows[which]
    p = inside[which, offset].double() / mass.z[head_rows]
    rest = inside.masked_fill(is_head, 0)
    mass.e[rows, blocks] = rest
    mass.sums[rows, blocks] = rest.sum(dim=1).double()
    return torch.bincount(head_rows, minlength=n), blocks[which] * width + offset, p


def _systematic(
    mass: Mass, step: Tensor, uniforms: Tensor, wanted: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return counts and ids of what the points (u + j) * step fall on.

    `wanted` states the counts where the step was made for them; else the mass decides.
    """
    total = mass.sums.cumsum(dim=1)[:, -1]
    if wanted is None:
        wanted = torch.ceil(total / step - uniforms).clamp(min=0).long()
    rows = torch.arange(len(step), device=step.device).repeat_interleave(wanted)
    number = torch.arange(len(rows), device=step.device) - (wanted.cumsum(0) - wanted)[rows]
    points = _below((uniforms[rows] + number) * step[rows], total[rows])
    return wanted, locate(mass, rows, points)


def _heads_of_fixed(top: Tensor, beyond: Tensor) -> Tensor:
    """Return how many of the k largest are heads, [n].

    The h largest are heads for the smallest h whose next entry is below the step that the rest
    would have, (the mass without them) / (k - h).

    Args:
        top: [n, k], falling.
        beyond: [n], the sum of all that are not in `top`: one less their sum would cancel.
    """
    k = top.shape[1]
    rest = beyond[:, None] + top.flip(1).cumsum(dim=1).flip(1)
    step = rest / (k - torch.arange(k, device=top.device))
    fits = top < step * (1 - SLACK)
    fits[:, -1] = True  # a single point cannot hit anything twice
    return torch.where(beyond > 0, fits.int().argmax(dim=1), (top > 0).sum(dim=1))


def _put(mass: Mass, rows: Tensor, ids: Tensor, values: Tensor) -> None:
    """Set e of some classes, and the sums of the blocks that they are in."""
    n, count, width = mass.e.shape
    mass.e.view(n, -1)[rows, ids] = values
    changed = torch.unique(rows * count + ids // width)
    mass.sums.view(-1)[changed] = mass.e.view(-1, width)[changed].sum(dim=1).double()


def _below(points: Tensor, total: Tensor) -> Tensor:
    """Return the points, each strictly below its total; rounding may have lifted one onto it."""
    return torch.minimum(points, torch.nextafter(total, torch.zeros_like(total)))
