"""The loss of a student: soft terms and hard labels together, as the project trains with them."""

from collections.abc import Mapping
from types import MappingProxyType

from torch import Tensor

from stillroom.objectives.functional.targets import (
    MissingMass,
    Target,
    require_fitting,
    soft_target,
    temperature_of,
    treatment_of,
)
from stillroom.objectives.kinds.build_term import NO_OPTIONS, soft_term
from stillroom.objectives.mixture import Mixture
from stillroom.objectives.response_losses import hard_cross_entropy

__all__ = ["distillation_loss", "hard_cross_entropy"]

FORWARD_KL: Mapping[str, float] = MappingProxyType({"forward_kl": 1.0})


def distillation_loss(
    logits: Tensor,
    target: Target | Tensor,
    labels: Tensor,
    *,
    terms: Mapping[str, float] = FORWARD_KL,
    hard_weight: float = 0.1,
    smoothing: float = 0.0,
    temperature: float | None = None,
    missing_mass: MissingMass = "tail_bucket",
    options: Mapping[str, float] = NO_OPTIONS,
) -> Tensor:
    """hard_weight * cross-entropy + (1 - hard_weight) * sum of weight * loss.

    Each is a mean over the rows that it applies to: unlabelled rows learn from the teacher alone.

    >>> import torch
    >>> teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    >>> label = torch.tensor([0])
    >>> distillation_loss(student, teacher, label, hard_weight=0.5)  # (0.2877 + 0.1438) / 2
    tensor(0.2158)

    Args:
        logits: [N, C], the student's.
        target: of N rows, at the temperatures of all terms.
        labels: [N], int64, -1 where a row has none.
        terms: the weight of each term, by its name: those of the losses that compare answers, and
            those of installed packages.
        hard_weight: in [0, 1].
        smoothing: the share of each hard label's mass that is spread over all classes.
        temperature, missing_mass: as in `forward_kl`, for all terms.
        options: the terms' options as the configuration names them, such as skew, js_share,
            dkd_target and dkd_others.

    Returns:
        A scalar, in nats.
    """
    at, missing = temperature_of(target, temperature), treatment_of(target, missing_mass)
    mixture = mixture_of(terms, hard_weight, at, missing, smoothing=smoothing, options=options)
    soft = soft_target(target, mixture.temperatures)
    require_fitting(logits, soft, labels)
    return mixture(logits, labels, soft)


def mixture_of(
    terms: Mapping[str, float],
    hard_weight: float,
    temperature: float,
    missing: str,
    *,
    smoothing: float = 0.0,
    options: Mapping[str, float] = NO_OPTIONS,
) -> Mixture:
    """Return the loss of `distillation_loss`, whose arguments these are.

    Args:
        terms, hard_weight, smoothing, options: see `distillation_loss`.
        temperature: of all terms.
        missing: the treatment of what the target does not hold, or `unbiased`.

    Raises:
        ConfigError: a term is unknown, or cannot be computed from such a target.
    """
    weighted = tuple(
        (weight, soft_term(name, temperature, missing, options)) for name, weight in terms.items()
    )
    return Mixture(hard_weight, weighted, smoothing=smoothing)
