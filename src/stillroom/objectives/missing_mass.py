"""Missing mass: what is done about probability that a truncated target does not hold.

    target + what was gathered of the student ──treatment──> log_p, log_q [N, m], m outcomes

Each treatment makes of both distributions outcomes that can be compared, and says what it makes of
the rest. Where nothing is missing they all give the whole distributions.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from stillroom.objectives.gathered_logits import Gathered
from stillroom.objectives.soft_target import SoftTarget

UNLABELLED = -1
# A float32 sum of probabilities knows no smaller rest, and a rest of zero makes KL(q || p)
# infinite.
SMALLEST = 1e-8

Treatment = Callable[[Gathered, SoftTarget, Tensor, float], tuple[Tensor, Tensor]]


def tail_bucket(
    seen: Gathered, target: SoftTarget, labels: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """What is missing is one more outcome, compared with the student's mass outside of the head.

    A divergence of such outcomes is a lower bound of the whole one.

    Args:
        seen: of N rows, at the target's ids.
        target: [N, k] at `temperature`.
        labels: [N]; not looked at here.
        temperature: T > 0.

    Returns:
        log_p and log_q, [N, k + 1].
    """
    if seen.is_whole:
        return target.at(temperature), seen.log_q_head(temperature)
    rest = target.missing(temperature).clamp(min=SMALLEST).log()
    rest = rest.masked_fill(seen.rest[temperature].isneginf(), -torch.inf)  # k = C
    return torch.cat([target.at(temperature), rest[:, None]], dim=1), seen.log_q(temperature)


def renormalise(
    seen: Gathered, target: SoftTarget, labels: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """The head is scaled up to one. Biased: the tail is treated as if it had no probability.

    Args and returns as `tail_bucket`.
    """
    if seen.is_whole:
        return target.at(temperature), seen.log_q_head(temperature)
    return _alone(target.at(temperature).log_softmax(dim=1)), seen.log_q(temperature)


def ground_truth(
    seen: Gathered, target: SoftTarget, labels: Tensor, temperature: float
) -> tuple[Tensor, Tensor]:
    """What is missing is given to the hard label. Biased, towards labels.

    Rows without a label are renormalised. Source: Anshumann et al. (ACL 2025), arXiv 2503.16870.

    Args:
        seen, target, temperature: as in `tail_bucket`.
        labels: [N], -1 where a row has none.

    Returns:
        log_p and log_q, [N, k + 2]: the head, the label where it is not in the head, the rest.
    """
    if seen.is_whole:
        return target.at(temperature), seen.log_q_head(temperature)
    log_p, missing = target.at(temperature), target.missing(temperature)
    is_label = target.ids == labels[:, None]
    inside = is_label.any(dim=1)
    given = torch.where(is_label, (log_p.exp() + missing[:, None]).log(), log_p)
    alone = torch.where(inside, -torch.inf, missing.log())
    unlabelled = labels == UNLABELLED
    log_p = torch.where(unlabelled[:, None], log_p.log_softmax(dim=1), given)
    alone = alone.masked_fill(unlabelled, -torch.inf)
    label, rest = apart(seen, inside | unlabelled, temperature)
    log_q = seen.log_q(temperature)[:, :-1]
    return (
        _alone(torch.cat([log_p, alone[:, None]], dim=1)),
        torch.cat([log_q, label[:, None], rest[:, None]], dim=1),
    )


def apart(seen: Gathered, inside: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Split the label off the rest: log q of the label, and of the rest without it, [N] each.

    Args:
        seen: of N rows.
        inside: [N], where the label is in the head, or there is none: -inf, and the whole rest.
        temperature: T > 0.
    """
    label = seen.log_q_label(temperature)
    rest = seen.log_q(temperature)[:, -1]
    # Rounding may lift the label's share of the rest to one.
    share = (label - rest).masked_fill(inside, -1.0).clamp(max=-1e-6)
    without = torch.where(inside, rest, rest + torch.log(-torch.expm1(share)))
    return label.masked_fill(inside, -torch.inf), without


def _alone(log_p: Tensor) -> Tensor:
    """Return the outcomes and a rest without probability, [N, m + 1]."""
    return torch.cat([log_p, log_p.new_full((len(log_p), 1), -torch.inf)], dim=1)
