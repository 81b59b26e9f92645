"""Features: what a model holds of its inputs beside the logits.

    hidden states, one per layer, [N, *positions, D] ──mean over positions──> pooled [N, D]

Positions are the pixels of a map or the tokens of a sequence; a perceptron's layers have none.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Features:
    """Of N rows.

    Attributes:
        pooled: [N, D], the last hidden state averaged over positions; of several teachers side by
            side.
        hidden: each [N, *positions, D], from the first layer to the last; none where a cache kept
            the pooled ones alone.
    """

    pooled: Tensor
    hidden: tuple[Tensor, ...] = ()

    @classmethod
    def of(cls, hidden: Sequence[Tensor]) -> "Features":
        """Return the features that some hidden states are."""
        return cls(pool(hidden[-1]), tuple(hidden))

    def precise(self) -> "Features":
        """Return the same in float32 at least: a bfloat16 keeps two digits."""
        return Features(_precise(self.pooled), tuple(_precise(one) for one in self.hidden))

    @property
    def last(self) -> Tensor:
        """The last hidden state, [N, *positions, D].

        Raises:
            ConfigError: only the pooled one is at hand.
        """
        if not self.hidden:
            raise ConfigError(
                "only pooled features are at hand, of a cache or of live teachers whose layers "
                "differ, and a term asks for each position. Set objective.positions=pooled, or "
                "teacher.mode=live with one teacher."
            )
        return self.hidden[-1]


def _precise(states: Tensor) -> Tensor:
    return states.to(torch.promote_types(states.dtype, torch.float32))


Choose = Callable[[Features], Tensor]


def pooled(features: Features) -> Tensor:
    """Choose the pooled features, [N, D]."""
    return features.pooled


def each(features: Features) -> Tensor:
    """Choose the last hidden state at each position, [N, *positions, D]."""
    return features.last


def pool(hidden: Tensor) -> Tensor:
    """Return the mean over positions, [N, D]."""
    return hidden.flatten(1, -2).mean(dim=1) if hidden.ndim > 2 else hidden


def side_by_side(several: Sequence[Features]) -> Features:
    """Return several teachers' features as one teacher's; layers are joined where they agree."""
    depth = {len(one.hidden) for one in several}
    layers = list(zip(*(one.hidden for one in several), strict=False)) if len(depth) == 1 else []
    agree = all(len({tuple(part.shape[1:-1]) for part in layer}) == 1 for layer in layers)
    return Features(
        torch.cat([one.pooled for one in several], dim=1),
        tuple(torch.cat(layer, dim=-1) for layer in layers) if agree else (),
    )
