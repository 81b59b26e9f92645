"""Features: a model's hidden states in, the features that loss terms compare out.

    hidden states, one per layer, [N, *positions, D] ──mean over positions──> pooled [N, D]

Positions are the pixels of a map or the tokens of a sequence; the layers of a perceptron have none.
The padding of a sequence does not count as positions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Features:
    """The features of N rows.

    Attributes:
        pooled: [N, D], the last hidden state averaged over positions; those of several teachers
            are concatenated.
        hidden: each [N, *positions, D], from the first layer to the last; empty where the cache
            holds only pooled features.
        inside: [N, *positions], boolean: which positions count; None where all of them do.
    """

    pooled: Tensor
    hidden: tuple[Tensor, ...] = ()
    inside: Tensor | None = None

    @classmethod
    def of(cls, hidden: Sequence[Tensor], inside: Tensor | None = None) -> "Features":
        """Return the features of some hidden states."""
        return cls(pool(hidden[-1], inside), tuple(hidden), inside)

    def precise(self) -> "Features":
        """Return the same in at least float32: bfloat16 has only two digits."""
        layers = tuple(_precise(one) for one in self.hidden)
        return Features(_precise(self.pooled), layers, self.inside)

    @property
    def last(self) -> Tensor:
        """The last hidden state, [N, *positions, D].

        Raises:
            ConfigError: there are only pooled features.
        """
        if not self.hidden:
            raise ConfigError(
                "A term compares features at each position, but there are only pooled features: "
                "they come from the cache, or from live teachers whose layers differ. Set "
                "objective.positions=pooled, or teacher.mode=live with one teacher."
            )
        return self.hidden[-1]


def _precise(states: Tensor) -> Tensor:
    return states.to(torch.promote_types(states.dtype, torch.float32))


@dataclass(frozen=True, slots=True)
class ComparedStates:
    """The states that a term compares.

    Attributes:
        states: [N, D] or [N, *positions, D].
        inside: [N, *positions], which positions count; None where all do, or there are none.
    """

    states: Tensor
    inside: Tensor | None = None

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean of each row, [N], of values [N], [N, *positions] or of the states."""
        if self.inside is None:
            return values.reshape(len(values), -1).mean(dim=1)
        inside = self.inside.reshape(*self.inside.shape, *[1] * (values.ndim - self.inside.ndim))
        inside = inside.expand_as(values).flatten(1)
        return values.flatten(1).masked_fill(~inside, 0.0).sum(dim=1) / inside.sum(dim=1)


ChooseStates = Callable[[Features], ComparedStates]


def pooled(features: Features) -> ComparedStates:
    """Choose the pooled features."""
    return ComparedStates(features.pooled)


def each(features: Features) -> ComparedStates:
    """Choose the last hidden state at each position."""
    return ComparedStates(features.last, features.inside)


def pool(hidden: Tensor, inside: Tensor | None = None) -> Tensor:
    """Return the mean over all positions, or over those `inside`, [N, D]."""
    if inside is not None:
        kept = hidden.masked_fill(~inside[..., None], 0.0).flatten(1, -2)
        return kept.sum(dim=1) / inside.flatten(1).sum(dim=1, keepdim=True)
    return hidden.flatten(1, -2).mean(dim=1) if hidden.ndim > 2 else hidden


def side_by_side(several: Sequence[Features]) -> Features:
    """Return several teachers' features concatenated; layers too, where their positions agree."""
    depth = {len(one.hidden) for one in several}
    layers = list(zip(*(one.hidden for one in several), strict=False)) if len(depth) == 1 else []
    agree = all(len({tuple(part.shape[1:-1]) for part in layer}) == 1 for layer in layers)
    return Features(
        torch.cat([one.pooled for one in several], dim=1),
        tuple(torch.cat(layer, dim=-1) for layer in layers) if agree else (),
        several[0].inside,
    )
