"""Terms to test: every term with every treatment, and targets to try them on."""

from functools import partial

import torch
from torch import Tensor

from stillroom.objectives.divergences import (
    cross_entropy_gap,
    forward_kl,
    jensen_shannon,
    reverse_kl,
    skew_kl,
    skew_reverse_kl,
)
from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.missing_mass_treatment import ground_truth, renormalise, tail_bucket
from stillroom.objectives.response_losses import (
    DecoupledKD,
    DecoupledTopK,
    Divergence,
    SoftCrossEntropy,
    Term,
)
from stillroom.objectives.targets.soft_target import SoftTarget

NAMED: dict[str, Term] = {
    "forward-tail_bucket": Divergence(forward_kl, tail_bucket, 2.0, cross_entropy_gap),
    "forward-renormalise": Divergence(forward_kl, renormalise, 2.0, cross_entropy_gap),
    "forward-ground_truth": Divergence(forward_kl, ground_truth, 2.0, cross_entropy_gap),
    "reverse-tail_bucket": Divergence(reverse_kl, tail_bucket, 1.0),
    "js-tail_bucket": Divergence(partial(jensen_shannon, beta=0.3), tail_bucket, 1.0),
    "js-ground_truth": Divergence(partial(jensen_shannon, beta=0.5), ground_truth, 1.0),
    "skew-renormalise": Divergence(partial(skew_kl, alpha=0.1), renormalise, 2.0),
    "skew_reverse-tail_bucket": Divergence(partial(skew_reverse_kl, alpha=0.1), tail_bucket, 2.0),
    "soft_cross_entropy": SoftCrossEntropy(2.0),
    "decoupled_topk": DecoupledTopK(4.0),
    "dkd": DecoupledKD(1.0, 8.0, 2.0),
}
EVERY_TERM, NAMES = list(NAMED.values()), list(NAMED)


def some_target(
    draws: torch.Generator,
    rows: int,
    classes: int,
    k: int,
    temperatures: tuple[float, ...],
    dtype: torch.dtype = torch.float64,
) -> SoftTarget:
    """Return the k largest entries of random answers of a teacher."""
    logits = torch.randn(rows, classes, generator=draws, dtype=dtype) * 2
    ids = logits.topk(k, dim=1).indices
    return SoftTarget(ids, {t: (logits / t).log_softmax(1).gather(1, ids) for t in temperatures})


def logs(*rows: list[float]) -> Tensor:
    """Return the logarithms of some rows, in float64."""
    return torch.tensor(rows, dtype=torch.float64).log()


def target(p: Tensor, temperature: float, ids: list[list[int]] | None = None) -> SoftTarget:
    """Return log-probabilities [N, k] as a target; without ids, of all classes in order."""
    index = torch.tensor(ids) if ids else torch.arange(p.shape[1]).expand(p.shape[0], -1)
    return SoftTarget(index, {temperature: p})


def value_of(term: Term, logits: Tensor, of: SoftTarget, labels: list[int] | None = None) -> Tensor:
    """Return the loss of each row; without labels, the rows have none."""
    given_labels = torch.tensor(labels or [-1] * len(logits))
    return term(gather(logits, of, given_labels, term.temperatures), of, given_labels)


def kl(temperature: float) -> Divergence:
    """Return the forward KL with a tail bucket."""
    return Divergence(forward_kl, tail_bucket, temperature)
