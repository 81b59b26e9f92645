"""Unbiased sparsifiers: random draws whose expectation is the distribution itself.

    Mass + uniforms in [0, 1) ──> heads with probabilities, tails of equal weight

The walk over the ids is in rising order, and each distribution has its own uniforms. So the entries
of a row depend on its logits and its draw, and on nothing else.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.softlabels.sparsify.rules.inverse_cdf import inverse_cdf
from stillroom.softlabels.sparsify.rules.largest_logits import (
    LargestLogits,
    entry_mask,
    padded_table,
)
from stillroom.softlabels.sparsify.rules.softmax_mass import Mass

# An entry that comes this close to the step is a head. This is unbiased as well, and the rounding
# of the blocks' sums in float32 cannot hit a tail entry twice.
SLACK = 1e-4


@dataclass(slots=True)
class HeadsAndTails:
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


def threshold(mass: Mass, tau: float, uniforms: Tensor) -> HeadsAndTails:
    """Keep each p >= tau, and of the rest the classes that own a point (u + j) * tau of its mass.

    Source: Barnes et al., arXiv 2402.14925; systematic sampling with step tau.

    Args:
        mass: the mass of n distributions; the heads are removed from it in place.
        tau: the step, as a probability.
        uniforms: [n], float64.
    """
    step = tau * mass.z
    head = _take_heads(mass, step * (1 - SLACK))
    return HeadsAndTails(*head, *_systematic(mass, step, uniforms))


def fixed_threshold(largest: LargestLogits, mass: Mass, k: int, uniforms: Tensor) -> HeadsAndTails:
    """Keep min(k, support) entries of each distribution, with the tau that gives this number.

    Args:
        largest: the k largest of the logits that `mass` was computed from.
        mass: the mass of n distributions; the heads are removed from it in place.
        k: the number of entries, at least 1.
        uniforms: [n], float64.
    """
    counts, rows, ids = largest.counts, largest.rows, largest.ids
    n = len(counts)
    largest_e = mass.e.view(n, -1)[rows, ids]
    # The sort is stable: of equal logits, the lowest id becomes a head first.
    falling = padded_table(largest.logits, rows, counts, -torch.inf)
    order = falling.argsort(dim=1, descending=True, stable=True)
    top = mass.z.new_zeros((n, k))
    top[:, : order.shape[1]] = padded_table(largest_e.double(), rows, counts, 0.0).gather(1, order)
    _put(mass, rows, ids, torch.zeros_like(largest_e))
    heads = _heads_of_fixed(top, mass.sums.sum(dim=1))
    is_head = (order.argsort(dim=1) < heads[:, None])[entry_mask(counts)]
    _put(mass, rows[~is_head], ids[~is_head], largest_e[~is_head])
    head = ids[is_head], largest_e[is_head].double() / mass.z[rows[is_head]]
    tail = mass.sums.cumsum(dim=1)[:, -1]
    # With a support of k or less every entry is a head, and there is no tail.
    tail_counts = torch.where(tail > 0, k - heads, 0)
    step = torch.where(tail_counts > 0, tail / tail_counts.clamp(min=1), torch.inf)
    return HeadsAndTails(heads, *head, *_systematic(mass, step, uniforms, tail_counts))


def sample(mass: Mass, uniforms: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Draw from each distribution with replacement.

    Args:
        mass: the mass of n distributions.
        uniforms: [n, draws], float64.

    Returns:
        counts [n] of distinct ids, ids [E] rising within a row, and times [E]: how often each
        id was drawn.
    """
    n, draws = uniforms.shape
    total = mass.sums.cumsum(dim=1)[:, -1]
    points = _below(uniforms.sort(dim=1).values * total[:, None], total[:, None]).flatten()
    rows = torch.arange(n, device=points.device).repeat_interleave(draws)
    drawn = torch.stack([rows, inverse_cdf(mass, rows, points)], dim=1)
    distinct, times = torch.unique_consecutive(drawn, dim=0, return_counts=True)
    return torch.bincount(distinct[:, 0], minlength=n), distinct[:, 1], times


def _take_heads(mass: Mass, cut: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return counts, ids and probabilities of the classes with e >= cut; zero them in `mass`."""
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
    mass: Mass, step: Tensor, uniforms: Tensor, counts: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return counts and ids of the classes that own the points (u + j) * step.

    `counts` is given if the step was computed for these counts. Without it the mass decides.
    """
    total = mass.sums.cumsum(dim=1)[:, -1]
    if counts is None:
        counts = torch.ceil(total / step - uniforms).clamp(min=0).long()
    rows = torch.arange(len(step), device=step.device).repeat_interleave(counts)
    number = torch.arange(len(rows), device=step.device) - (counts.cumsum(0) - counts)[rows]
    points = _below((uniforms[rows] + number) * step[rows], total[rows])
    return counts, inverse_cdf(mass, rows, points)


def _heads_of_fixed(top: Tensor, beyond: Tensor) -> Tensor:
    """Return how many of the k largest are heads, [n].

    The h largest entries are heads. h is the smallest number for which the next entry is below the
    step of the rest, (the mass without the h largest) / (k - h).

    Args:
        top: [n, k], falling.
        beyond: [n], the sum of all entries that are not in `top`; 1 - top.sum() would cancel.
    """
    k = top.shape[1]
    rest = beyond[:, None] + top.flip(1).cumsum(dim=1).flip(1)
    step = rest / (k - torch.arange(k, device=top.device))
    fits = top < step * (1 - SLACK)
    fits[:, -1] = True  # a single point cannot hit an entry twice
    return torch.where(beyond > 0, fits.int().argmax(dim=1), (top > 0).sum(dim=1))


def _put(mass: Mass, rows: Tensor, ids: Tensor, values: Tensor) -> None:
    """Set e of some classes, and the sums of their blocks."""
    n, count, width = mass.e.shape
    mass.e.view(n, -1)[rows, ids] = values
    changed = torch.unique(rows * count + ids // width)
    mass.sums.view(-1)[changed] = mass.e.view(-1, width)[changed].sum(dim=1).double()


def _below(points: Tensor, total: Tensor) -> Tensor:
    """Return the points, each strictly below its total, which rounding may have reached."""
    return torch.minimum(points, torch.nextafter(total, torch.zeros_like(total)))
