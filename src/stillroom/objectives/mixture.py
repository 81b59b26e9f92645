"""Mixtures: named terms and their weights in, one loss out.

    hard_weight * hard_cross_entropy + (1 - hard_weight) * mean(soft term)

`HardLabels` is what a model learns from without a teacher; `Distillation` is Hinton's mixture.
"""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from stillroom.objectives.response import (
    forward_kl,
    hard_cross_entropy,
    renormalised_kl,
    soft_cross_entropy,
)
from stillroom.objectives.target import SoftTarget

SoftTerm = Callable[[Tensor, SoftTarget, float], Tensor]

# By what is done about mass that was not stored; unbiased targets lack none.
SOFT_TERMS: dict[str, SoftTerm] = {
    "tail_bucket": forward_kl,
    "renormalise": renormalised_kl,
    "unbiased": soft_cross_entropy,
}


@dataclass(frozen=True, slots=True)
class HardLabels:
    """Cross-entropy with hard labels alone."""

    smoothing: float = 0.0

    def __call__(self, logits: Tensor, labels: Tensor, target: SoftTarget | None) -> Tensor:
        """Return the mean loss of a batch; the target is not looked at."""
        return hard_cross_entropy(logits, labels, self.smoothing)


@dataclass(frozen=True, slots=True)
class Distillation:
    """Soft targets at a temperature, mixed with hard labels.

    Each term is a mean over the rows that it applies to, so that rows without a label neither
    dilute nor inflate what the labelled ones contribute.
    """

    temperature: float
    hard_weight: float
    soft_term: SoftTerm

    def __call__(self, logits: Tensor, labels: Tensor, target: SoftTarget | None) -> Tensor:
        """Return the mean loss of a batch of N rows."""
        if target is None:
            raise ValueError("distillation needs a soft target for each batch; it was given none")
        soft = self.soft_term(logits, target, self.temperature).mean()
        return self.hard_weight * hard_cross_entropy(logits, labels) + (1 - self.hard_weight) * soft


Loss = HardLabels | Distillation
