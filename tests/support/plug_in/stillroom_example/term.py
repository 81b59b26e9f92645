"""An objective term: the Rényi divergence, between the overlap and the KL of two distributions.

    D_alpha(p || q) = log(sum p^alpha q^(1 - alpha)) / (alpha - 1)

Source: Rényi (1961), "On measures of entropy and information".
"""

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from stillroom.objectives.kinds.divergence_kinds import DivergenceKind

if TYPE_CHECKING:
    from torch import Tensor


def renyi(log_p: "Tensor", log_q: "Tensor", alpha: float) -> "Tensor":
    """Return the divergence of each row, [N], of log p and log q, [N, m]."""
    absent = log_p.isneginf()  # masked before the product: infinity times 0 would be NaN
    p, q = log_p.masked_fill(absent, 0.0), log_q.masked_fill(absent, 0.0)
    mixed = (alpha * p + (1 - alpha) * q).masked_fill(absent, -float("inf"))
    return mixed.logsumexp(dim=1) / (alpha - 1)


@dataclass(frozen=True, kw_only=True)
class Renyi(DivergenceKind):
    """The Rényi divergence of order `alpha`; towards 1 it becomes the forward KL."""

    alpha: Annotated[float, Field(gt=0, lt=1)]

    def measure(self) -> "partial[Tensor]":
        """Return the divergence."""
        return partial(renyi, alpha=self.alpha)
