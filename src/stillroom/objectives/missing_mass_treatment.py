"""Missing mass: treatments of the probability that a truncated target does not hold.

    SoftTarget + GatheredLogits ──treatment──> log_p, log_q [N, m], m outcomes

Each treatment turns both distributions into outcomes that can be compared, and states what happens
to the rest. Where nothing is missing, all of them return the whole distributions.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from stillroom.no_label import NO_LABEL
from stillroom.objectives.gathered_logits import GatheredLogits
from stillroom.objectives.targets.soft_target import SoftTarget

# A float32 sum of probabilities cannot resolve a smaller rest, and a rest of zero would make
# KL(q || p) infinite.
SMALLEST = 1e-8

UNBIASED = "unbiased"  # instead of a treatment: weights that miss nothing on average

Treatment = Callable[[GatheredLogits, SoftTarget, Tensor, float], tuple[Tensor, Tensor]]


def tail_bucket(
    gathered: GatheredLogits, target: SoftTarget, labels: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """The missing mass is one more outcome, compared with the student's mass outside the head.

    A divergence of these outcomes is a lower bound of the whole one.

    Args:
        gathered: the student's logits of N rows, at the target's ids.
        target: [N, k] at `temperature`.
        labels: [N]; not used here.
        temperature: T > 0.

    Returns:
        log_p and log_q, [N, k + 1].
    """
    if gathered.is_whole:
        return target.at(temperature), gathered.log_q_head(temperature)
    rest = target.missing(temperature).clamp(min=SMALLEST).log()
    rest = rest.masked_fill(gathered.rest[temperature].isneginf(), -torch.inf)  # k = C
    return torch.cat([target.at(temperature), rest[:, None]], dim=1), gathered.log_q(temperature)


def renormalise(
    gathered: GatheredLogits, target: SoftTarget, labels: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """The head is scaled up to one. Biased: the tail is treated as if it had no probability.

    Args and returns as `tail_bucket`.
    """
    if gathered.is_whole:
        return target.at(temperature), gathered.log_q_head(temperature)
    return _without_rest(target.at(temperature).log_softmax(dim=1)), gathered.log_q(temperature)


def ground_truth(
    gathered: GatheredLogits, target: SoftTarget, labels: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """The missing mass is added to the hard label. Biased towards the labels.

    Rows without a label are renormalised instead. Source: Anshumann et al. (ACL 2025),
    arXiv 2503.16870.

    Args:
        gathered, target, temperature: as in `tail_bucket`.
        labels: [N], -1 where a row has none.

    Returns:
        log_p and log_q, [N, k + 2]: the head, the label where it is not in the head, the rest.
    """
    if gathered.is_whole:
        return target.at(temperature), gathered.log_q_head(temperature)
    log_p, missing = target.at(temperature), target.missing(temperature)
    is_label = target.ids == labels[:, None]
    inside = is_label.any(dim=1)
    with_mass = torch.where(is_label, (log_p.exp() + missing[:, None]).log(), log_p)
    label_p = torch.where(inside, -torch.inf, missing.log())
    unlabelled = labels == NO_LABEL
    log_p = torch.where(unlabelled[:, None], log_p.log_softmax(dim=1), with_mass)
    label_p = label_p.masked_fill(unlabelled, -torch.inf)
    label, rest = apart(gathered, inside | unlabelled, temperature)
    log_q = gathered.log_q(temperature)[:, :-1]
    return (
        _without_rest(torch.cat([log_p, label_p[:, None]], dim=1)),
        torch.cat([log_q, label[:, None], rest[:, None]], dim=1),
    )


def apart(gathered: GatheredLogits, inside: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Split the label off the rest: log q of the label, and of the rest without it, [N] each.

    Args:
        gathered: the student's logits of N rows.
        inside: [N], whether the label is in the head or missing; then the label gets -inf and the
            rest stays whole.
        temperature: T > 0.
    """
    label = gathered.log_q_label(temperature)
    rest = gathered.log_q(temperature)[:, -1]
    # Rounding may lift the label's share of the rest to one.
    share = (label - rest).masked_fill(inside, -1.0).clamp(max=-1e-6)
    without = torch.where(inside, rest, rest + torch.log(-torch.expm1(share)))
    return label.masked_fill(inside, -torch.inf), without


TREATMENTS: Mapping[str, Treatment] = {
    "tail_bucket": tail_bucket,
    "renormalise": renormalise,
    "ground_truth": ground_truth,
}


def _without_rest(log_p: Tensor) -> Tensor:
    """Return the outcomes, and a rest of probability zero, [N, m + 1]."""
    return torch.cat([log_p, log_p.new_full((len(log_p), 1), -torch.inf)], dim=1)
