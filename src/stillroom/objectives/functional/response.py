"""Losses that compare the student's answers with the teacher's.

    logits [N, C], target, labels [N] ──> nats

`target` is either what `Targets` gives for a batch of a soft-label set, or the teacher's logits
[N, C]. It gets no gradient. Each loss is T^2 times its formula at temperature T, so that the size
of the gradient does not depend on T. p is the teacher's distribution, q the student's.
"""

import torch
from torch import Tensor

from stillroom.no_label import NO_LABEL
from stillroom.objectives.functional.targets import (
    MissingMass,
    Reduction,
    Target,
    reduced,
    require_fitting,
    soft_target,
    temperature_of,
    treatment_of,
)
from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.kinds.build_term import term_of
from stillroom.objectives.kinds.decoupled_kinds import DKD, TopKDecoupled
from stillroom.objectives.kinds.divergence_kinds import (
    ForwardKL,
    JensenShannon,
    ReverseKL,
    SkewKL,
    SkewReverseKL,
)
from stillroom.objectives.kinds.term_kind import AnswerTermKind

__all__ = [
    "decoupled_topk",
    "dkd",
    "forward_kl",
    "jensen_shannon",
    "reverse_kl",
    "skew_kl",
    "skew_reverse_kl",
]


def forward_kl(
    logits: Tensor,
    target: Target | Tensor,
    *,
    temperature: float | None = None,
    missing_mass: MissingMass = "tail_bucket",
    labels: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """T^2 KL(p || q), which makes q cover everything that p covers.

    Source: Hinton et al. (2015), arXiv 1503.02531. With an unbiased target it is the cross-entropy
    with the target's weights, whose gradient is that of the KL on average over the draws.

    >>> teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    >>> forward_kl(student, teacher)
    tensor(0.1438)

    Args:
        logits: [N, C], the student's.
        target: of N rows.
        temperature: T > 0; None: the one at which the target was read, and 1 for logits.
        missing_mass: what becomes of the probability that a truncated target does not hold:
            `tail_bucket`, one more outcome; `renormalise`, dropped; `ground_truth`, given to the
            hard label. Without effect where the target is whole or unbiased.
        labels: [N], int64, -1 where a row has none; only `ground_truth` reads them.
        reduction: over the N rows.

    Returns:
        A scalar; [N] with reduction="none". In nats.

    Raises:
        ValueError: shapes that do not fit each other.
        SoftLabelError: the target was not read at this temperature.
    """
    return _loss(
        "forward_kl", ForwardKL(), logits, target, labels, temperature, reduction, missing_mass
    )


def reverse_kl(
    logits: Tensor,
    target: Target | Tensor,
    *,
    temperature: float | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """T^2 KL(q || p), which keeps q where p is. Missing mass is one more outcome.

    Source: MiniLLM, Gu et al. (2024), arXiv 2306.08543.

    >>> teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    >>> reverse_kl(student, teacher)
    tensor(0.1308)

    Args and returns as `forward_kl`.

    Raises:
        ConfigError: the target is unbiased; it has no mass of the rest.
    """
    return _loss("reverse_kl", ReverseKL(), logits, target, None, temperature, reduction)


def jensen_shannon(
    logits: Tensor,
    target: Target | Tensor,
    *,
    beta: float = 0.5,
    temperature: float | None = None,
    missing_mass: MissingMass = "tail_bucket",
    labels: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """T^2 (beta KL(p || m) + (1 - beta) KL(q || m)) with m = beta p + (1 - beta) q; finite.

    Source: GKD, Agarwal et al. (2024), arXiv 2306.13649.

    >>> teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    >>> jensen_shannon(student, teacher)
    tensor(0.0338)

    Args and returns as `forward_kl`; `beta` is in (0, 1). Biased where the target is an estimate.
    """
    kind = JensenShannon(js_share=beta)
    return _loss(
        "jensen_shannon", kind, logits, target, labels, temperature, reduction, missing_mass
    )


def skew_kl(
    logits: Tensor,
    target: Target | Tensor,
    *,
    alpha: float = 0.1,
    temperature: float | None = None,
    missing_mass: MissingMass = "tail_bucket",
    labels: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """T^2 KL(p || alpha p + (1 - alpha) q), whose gradients stay small where q is tiny.

    Source: DistiLLM, Ko et al. (2024), arXiv 2402.03898.

    >>> teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    >>> skew_kl(student, teacher)
    tensor(0.1131)

    Args and returns as `forward_kl`; `alpha` is in (0, 1). Biased where the target is an estimate.
    """
    kind = SkewKL(skew=alpha)
    return _loss("skew_kl", kind, logits, target, labels, temperature, reduction, missing_mass)


def skew_reverse_kl(
    logits: Tensor,
    target: Target | Tensor,
    *,
    alpha: float = 0.1,
    temperature: float | None = None,
    missing_mass: MissingMass = "tail_bucket",
    labels: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """T^2 KL(q || alpha q + (1 - alpha) p), from the same source as `skew_kl`.

    >>> teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    >>> skew_reverse_kl(student, teacher)
    tensor(0.1070)

    Args and returns as `skew_kl`.
    """
    kind = SkewReverseKL(skew=alpha)
    return _loss(
        "skew_reverse_kl", kind, logits, target, labels, temperature, reduction, missing_mass
    )


def dkd(
    logits: Tensor,
    target: Target | Tensor,
    labels: Tensor,
    *,
    alpha: float = 1.0,
    beta: float = 8.0,
    temperature: float | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """T^2 (alpha KL of the label's mass + beta KL among the other classes).

    A row without a label, or whose label the target does not hold, gets T^2 KL(p || q). Source:
    decoupled knowledge distillation, Zhao et al. (2022), arXiv 2203.08679.

    With alpha = 1 and beta = the teacher's mass of the other classes it is the forward KL:

    >>> teacher = torch.tensor([[0.5, 0.3, 0.2]]).log()
    >>> student = torch.tensor([[0.25, 0.5, 0.25]]).log()
    >>> label = torch.tensor([0])
    >>> dkd(student, teacher, label, beta=0.5), forward_kl(student, teacher)
    (tensor(0.1487), tensor(0.1487))

    Args and returns as `forward_kl`; `labels` are needed here.
    """
    kind = DKD(dkd_target=alpha, dkd_others=beta)
    return _loss("dkd", kind, logits, target, labels, temperature, reduction)


def decoupled_topk(
    logits: Tensor,
    target: Target | Tensor,
    *,
    temperature: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """KL of the head's mass + m T^2 KL inside the head at T, for a target of the k largest classes.

    m is the teacher's mass of the head. Only the inside of the head is tempered, so the target must
    have been read at temperature 1. Source: the LFM2 report (2025), arXiv 2511.23404.

    >>> teacher, student = torch.tensor([[0.5, 0.5]]).log(), torch.tensor([[0.75, 0.25]]).log()
    >>> decoupled_topk(student, teacher)  # at T = 1 the forward KL
    tensor(0.1438)

    Args and returns as `forward_kl`; `temperature` is that of the inside.

    Raises:
        ConfigError: the target is unbiased; it has no head.
    """
    return _loss("decoupled_topk", TopKDecoupled(), logits, target, None, temperature, reduction)


def _loss(
    name: str,
    kind: AnswerTermKind,
    logits: Tensor,
    target: Target | Tensor,
    labels: Tensor | None,
    temperature: float | None,
    reduction: Reduction,
    missing_mass: MissingMass = "tail_bucket",
) -> Tensor:
    at = temperature_of(target, temperature)
    term = term_of(kind, name, at, treatment_of(target, missing_mass))
    soft = soft_target(target, term.temperatures)
    if labels is None:
        if missing_mass == "ground_truth":
            raise ValueError("missing_mass='ground_truth' gives the rest to the labels. Give them.")
        labels = torch.full((len(logits),), NO_LABEL, device=logits.device)
    require_fitting(logits, soft, labels)
    gathered = gather(logits, soft, labels, term.temperatures)
    return reduced(term(gathered, soft, labels), reduction)
