"""Response-based terms: the student's logits against labels and against the teacher's answers.

    logits [N, C] + SoftTarget ──forward_kl──> [N] nats
    logits [N, C] + labels [N] ──hard_cross_entropy──> scalar, over the rows that have a label

What truncated targets lack is treated by name: `tail_bucket` compares the missing mass with the
student's mass outside of the head; `renormalise` scales the head up to one, which is biased.
"""

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.errors import SoftLabelError
from stillroom.objectives.target import SoftTarget

UNLABELLED = -1


def forward_kl(logits: Tensor, target: SoftTarget, temperature: float) -> Tensor:
    """T^2 * KL(p_T || q_T), the objective of Hinton et al. (2015), arXiv 1503.02531.

    Where the target holds k < C entries, what is left of either distribution is one more outcome,
    so that the result is a lower bound of the divergence over all classes.

    Args:
        logits: [N, C], the student's, unscaled.
        target: the teacher's distribution at `temperature`.
        temperature: T > 0, in the units of a logit.

    Returns:
        [N], in nats. T^2 keeps the gradient's size independent of T.

    Raises:
        SoftLabelError: the target holds at another temperature.
    """
    _require_temperature(target, temperature)
    log_q = functional.log_softmax(logits / temperature, dim=-1)
    head = _divergence(target.log_p, log_q.gather(-1, target.ids))
    if target.ids.shape[-1] == logits.shape[-1]:
        return temperature**2 * head
    return temperature**2 * (head + _tail_divergence(log_q, target))


def renormalised_kl(logits: Tensor, target: SoftTarget, temperature: float) -> Tensor:
    """T^2 * KL over the head scaled up to mass one. Biased: the tail is treated as if absent.

    Args, returns and raises as `forward_kl`.
    """
    whole = target.log_p - target.log_p.logsumexp(dim=-1, keepdim=True)
    scaled = SoftTarget(target.ids, whole, target.temperature)
    _require_temperature(scaled, temperature)
    log_q = functional.log_softmax(logits / temperature, dim=-1)
    return temperature**2 * _divergence(whole, log_q.gather(-1, target.ids))


def soft_cross_entropy(logits: Tensor, target: SoftTarget, temperature: float) -> Tensor:
    """T^2 * sum_i w_i * (log sum exp(z / T) - z_i / T): the cross-entropy with unbiased weights.

    Its gradient is that of `forward_kl` on average over the draws. The weights of a row need not
    sum to one, so log-sum-exp is multiplied by their sum.

    Args, returns and raises as `forward_kl`; entries of weight 0 add nothing.
    """
    _require_temperature(target, temperature)
    scaled = logits / temperature
    weights = target.log_p.exp()
    losses = scaled.logsumexp(dim=-1, keepdim=True) - scaled.gather(-1, target.ids)
    return temperature**2 * (weights * losses).sum(dim=-1)


def hard_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean cross-entropy over the labelled rows, in nats; zero where a batch has none.

    Args:
        logits: [N, C].
        labels: [N], int64, -1 where a row has no label. Masking a row equals leaving it out.
        smoothing: share of each target's mass that is spread over all classes.
    """
    labelled = labels != UNLABELLED
    total = functional.cross_entropy(
        logits, labels, ignore_index=UNLABELLED, reduction="sum", label_smoothing=smoothing
    )
    return total / labelled.sum().clamp(min=1)


def _divergence(log_p: Tensor, log_q: Tensor) -> Tensor:
    # A class of probability zero adds nothing, and its log would turn the product into NaN.
    terms = torch.where(log_p.isneginf(), 0.0, log_p.exp() * (log_p - log_q))
    return terms.sum(dim=-1)


def _tail_divergence(log_q: Tensor, target: SoftTarget) -> Tensor:
    outside = log_q.scatter(-1, target.ids, -torch.inf).logsumexp(dim=-1)
    rest = (1 - target.log_p.exp().sum(dim=-1)).clamp(min=0)
    return torch.where(rest > 0, rest * (rest.clamp(min=1e-30).log() - outside), 0.0)


def _require_temperature(target: SoftTarget, temperature: float) -> None:
    if target.temperature != temperature:
        raise SoftLabelError(
            f"the target holds at temperature {target.temperature}, and the objective asks for "
            f"{temperature}. Read the soft labels at the objective's temperature."
        )
