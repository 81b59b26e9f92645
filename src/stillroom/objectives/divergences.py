"""Divergences between two distributions over the same outcomes.

    log_p [N, m], log_q [N, m] ──> [N] nats

-inf is an outcome of probability zero. Where p is zero, an outcome adds nothing to a mean under p,
and no NaN to its gradient.
"""

import math

import torch
from torch import Tensor


def forward_kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) = sum p (log p - log q). It makes q cover everything that p covers.

    Args:
        log_p: [N, m], the teacher's.
        log_q: [N, m], the student's.

    Returns:
        [N], in nats; infinite where q is zero and p is not.
    """
    # Replaced before the product: masking a NaN after it would leave the NaN in the gradient.
    gap = (log_p - log_q).masked_fill(log_p.isneginf(), 0.0)
    return (log_p.exp() * gap).sum(dim=-1)


def cross_entropy_gap(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(p || q) as the cross-entropy minus the entropy of p: fewer steps for autograd.

    For a small student, the number of steps is most of the cost over training on hard labels.

    Args:
        log_p: [N, m], constant: it gets no gradient.
        log_q: [N, m], finite.

    Returns:
        [N], in nats.
    """
    p = log_p.exp()
    return -(p * log_q).sum(dim=-1) - torch.special.entr(p).sum(dim=-1)


def reverse_kl(log_p: Tensor, log_q: Tensor) -> Tensor:
    """KL(q || p): it keeps q where p is. MiniLLM (Gu et al., 2024), arXiv 2306.08543.

    Args and returns as `forward_kl`; infinite where p is zero and q is not.
    """
    return forward_kl(log_q, log_p)


def jensen_shannon(log_p: Tensor, log_q: Tensor, beta: float) -> Tensor:
    """beta KL(p || m) + (1 - beta) KL(q || m), m = beta p + (1 - beta) q. Always finite.

    Source: the generalised divergence of GKD (Agarwal et al., 2024), arXiv 2306.13649.

    Args and returns as `forward_kl`; `beta` is in (0, 1), and 1/2 is the divergence of Lin (1991).
    """
    log_m = _mixed(log_p, log_q, beta)
    return beta * forward_kl(log_p, log_m) + (1 - beta) * forward_kl(log_q, log_m)


def skew_kl(log_p: Tensor, log_q: Tensor, alpha: float) -> Tensor:
    """KL(p || alpha p + (1 - alpha) q): finite, with gradients that stay small.

    Source: DistiLLM (Ko et al., 2024), arXiv 2402.03898, where alpha is 0.1.

    Args and returns as `forward_kl`; `alpha` is in (0, 1).
    """
    return forward_kl(log_p, _mixed(log_p, log_q, alpha))


def skew_reverse_kl(log_p: Tensor, log_q: Tensor, alpha: float) -> Tensor:
    """KL(q || alpha q + (1 - alpha) p), from the same source. Args and returns as `skew_kl`."""
    return forward_kl(log_q, _mixed(log_q, log_p, alpha))


def _mixed(log_a: Tensor, log_b: Tensor, share: float) -> Tensor:
    """Return log(share a + (1 - share) b); -inf where both are zero, without NaN in a gradient."""
    absent = log_a.isneginf() & log_b.isneginf()
    log_a, log_b = log_a.masked_fill(absent, 0.0), log_b.masked_fill(absent, 0.0)
    mixed = torch.logaddexp(log_a + math.log(share), log_b + math.log1p(-share))
    return mixed.masked_fill(absent, -torch.inf)
