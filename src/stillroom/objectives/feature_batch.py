"""Features: a model's hidden states in, the features that loss terms compare out.

    hidden states, one per layer, [N, *positions, D] ──mean over positions──> pooled [N, D]
    packs: [N, length, D], the piece of each token ──mean over each piece───> pooled [P, D]

Positions are the pixels of a map or the tokens of a sequence; the layers of a perceptron have none.
The padding of a sequence does not count as positions. A pack holds several pieces, such as
conversations, side by side: each is pooled alone, over all its tokens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Features:
    """The features of N rows, which are packs of P pieces if the inputs are sequences.

    Attributes:
        pooled: [N, D], or [P, D] of packs: the last hidden state averaged over positions; those of
            several teachers are concatenated.
        hidden: each [N, *positions, D], from the first layer to the last; empty where the cache
            holds only pooled features.
        inside: [N, *positions], boolean: which positions count; None where all of them do.
        pieces: [N], how many pieces each pack has; None where the rows are no packs.
    """

    pooled: Tensor
    hidden: tuple[Tensor, ...] = ()
    inside: Tensor | None = None
    pieces: Tensor | None = None

    @classmethod
    def of(cls, hidden: Sequence[Tensor], inside: Tensor | None = None) -> "Features":
        """Return the features of some hidden states."""
        return cls(pool(hidden[-1], inside), tuple(hidden), inside)

    @classmethod
    def of_packs(cls, hidden: Sequence[Tensor], starts: Tensor, inside: Tensor) -> "Features":
        """Return the features of packs.

        Args:
            hidden: each [N, length, D].
            starts: [N, length], boolean: where a piece starts.
            inside: [N, length], boolean: which columns hold a token.
        """
        pooled = pool_pieces(hidden[-1], starts, inside)
        return cls(pooled, tuple(hidden), inside, starts.sum(dim=1))

    def precise(self) -> "Features":
        """Return the same in at least float32: bfloat16 has only two digits."""
        layers = tuple(_precise(one) for one in self.hidden)
        return Features(_precise(self.pooled), layers, self.inside, self.pieces)

    def of_rows(self, values: Tensor) -> Tensor:
        """Return the value of each row, [N]: of a pack, the mean over its pieces.

        Args:
            values: of a term, [N], or [P] if it compares pooled features of packs.
        """
        if self.pieces is None or len(values) == len(self.pieces):
            return values  # P = N only if each pack holds one piece
        rows = torch.arange(len(self.pieces), device=values.device)
        owners = rows.repeat_interleave(self.pieces)
        sums = values.new_zeros(len(self.pieces)).index_add(0, owners, values)
        return sums / self.pieces

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


def pool_pieces(hidden: Tensor, starts: Tensor, inside: Tensor) -> Tensor:
    """Return the mean over the tokens of each piece, [P, D], piece after piece, row after row.

    It is the difference of two sums from the beginning of the row, in float64, so that its bits do
    not depend on the other rows or on the number of pieces.

    Args:
        hidden: [N, length, D].
        starts: [N, length], boolean: where a piece starts.
        inside: [N, length], boolean: which columns hold a token; the first ones of each row.
    """
    kept = hidden.masked_fill(~inside[..., None], 0.0).double()
    sums = torch.nn.functional.pad(kept.cumsum(dim=1), (0, 0, 1, 0))  # [N, length + 1, D]
    rows, begins = starts.nonzero(as_tuple=True)
    is_last = torch.cat([rows[1:] != rows[:-1], rows.new_ones(1, dtype=torch.bool)])
    ends = torch.where(is_last, inside.sum(dim=1)[rows], begins.roll(-1))
    means = (sums[rows, ends] - sums[rows, begins]) / (ends - begins)[:, None]
    return means.to(hidden.dtype)


def side_by_side(several: Sequence[Features]) -> Features:
    """Return several teachers' features concatenated; layers too, where their positions agree."""
    depth = {len(one.hidden) for one in several}
    layers = list(zip(*(one.hidden for one in several), strict=False)) if len(depth) == 1 else []
    agree = all(len({tuple(part.shape[1:-1]) for part in layer}) == 1 for layer in layers)
    return Features(
        torch.cat([one.pooled for one in several], dim=1),
        tuple(torch.cat(layer, dim=-1) for layer in layers) if agree else (),
        several[0].inside,
        several[0].pieces,
    )
