"""Pooling: the hidden states of a text in, one vector out.

    states [N, L, D], mask [N, L] ──modes, side by side──> [N, D · modes]

The modes are those of sentence-transformers, module Pooling. Source of the weighted mean:
Muennighoff, "SGPT", arXiv 2202.08904, section 3.1.
"""

from collections.abc import Callable

import torch
from torch import Tensor

SEPARATOR = "+"  # several modes are written as cls+mean


def pool(states: Tensor, mask: Tensor, modes: str, skipped: int = 0) -> Tensor:
    """Return the vectors [N, D · modes] of N texts, whose padding is on the right.

    Args:
        states: [N, L, D].
        mask: [N, L], 0 at padding.
        modes: names of `POOLINGS`, joined by `+`.
        skipped: how many tokens at the beginning are left out, because they are a prompt.
    """
    places = torch.arange(1, states.shape[1] + 1, device=states.device)
    if skipped:
        mask, states, places = mask[:, skipped:], states[:, skipped:], places[skipped:]
    pooled = [POOLINGS[mode](states, mask, places) for mode in modes.split(SEPARATOR)]
    return torch.cat(pooled, dim=1) if len(pooled) > 1 else pooled[0]


def _mean(states: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    weights = mask.to(states.dtype)[:, :, None]
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


def _mean_sqrt_len(states: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    weights = mask.to(states.dtype)[:, :, None]
    return (states * weights).sum(dim=1) / weights.sum(dim=1).sqrt()


def _weighted_mean(states: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    """The mean with weights 1, 2, 3, … along the text."""
    weights = (mask * places).to(states.dtype)[:, :, None]
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


def _first(states: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    return states[:, 0]


def _max(states: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    return states.masked_fill(mask[:, :, None] == 0, -torch.inf).max(dim=1).values


def _last(states: Tensor, mask: Tensor, places: Tensor) -> Tensor:
    last = mask.sum(dim=1) - 1
    return states.gather(1, last[:, None, None].expand(-1, 1, states.shape[2])).squeeze(1)


POOLINGS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "mean": _mean,
    "cls": _first,
    "max": _max,
    "mean_sqrt_len_tokens": _mean_sqrt_len,
    "weightedmean": _weighted_mean,
    "lasttoken": _last,
}
