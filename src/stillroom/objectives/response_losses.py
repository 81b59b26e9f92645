"""Response-based terms: the student's logits against the teacher's answers and the labels.

    Gathered + SoftTarget + labels ──term──> [N] nats

A term declares the temperatures at which it reads the target and the student (`temperatures`), so
that soft labels are read, and logits summed, only at those. T^2 keeps the size of a gradient
independent of T.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from stillroom.no_label import NO_LABEL
from stillroom.objectives.divergences import forward_kl
from stillroom.objectives.gathered_logits import GatheredLogits
from stillroom.objectives.missing_mass_treatment import Treatment
from stillroom.objectives.targets.soft_target import SoftTarget

# A float32 sum of probabilities cannot resolve a smaller rest; divided by another small number, its
# rounding error would become large.
ROUNDED = 1e-6


Measure = Callable[[Tensor, Tensor], Tensor]


class Term(Protocol):
    """A loss that compares the student's answers with a target, row by row."""

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures at which the target and the student are read."""
        ...

    def __call__(self, gathered: GatheredLogits, target: SoftTarget, labels: Tensor) -> Tensor:
        """Return the loss of each row, [N], in nats.

        Raises:
            SoftLabelError: the target does not hold at one of `temperatures`.
        """
        ...


@dataclass(frozen=True, slots=True)
class Divergence:
    """T^2 * D(p_T, q_T); with `forward_kl` Hinton et al. (2015), arXiv 1503.02531.

    Attributes:
        measure: the divergence D, a function of log_p and log_q.
        treatment: how the probability that the target does not hold is treated.
        temperature: T > 0, in the units of a logit.
        measure_of_whole: an equal measure for targets that hold every class, with fewer steps for
            autograd; None where there is no such measure.
    """

    measure: Measure
    treatment: Treatment
    temperature: float
    measure_of_whole: Measure | None = None

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures at which the target and the student are read."""
        return (self.temperature,)

    def __call__(self, gathered: GatheredLogits, target: SoftTarget, labels: Tensor) -> Tensor:
        """Return the loss of each row, [N], in nats."""
        outcomes = self.treatment(gathered, target, labels, self.temperature)
        measure = self.measure
        if gathered.is_whole and self.measure_of_whole is not None:
            measure = self.measure_of_whole
        return self.temperature**2 * measure(*outcomes)


@dataclass(frozen=True, slots=True)
class SoftCrossEntropy:
    """T^2 * sum_i w_i * (log sum exp(z / T) - z_i / T), for unbiased weights w.

    Its gradient is that of the forward KL on average over the draws. The weights of a row need
    not sum to one, so log-sum-exp is multiplied by their sum.
    """

    temperature: float

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures at which the target and the student are read."""
        return (self.temperature,)

    def __call__(self, gathered: GatheredLogits, target: SoftTarget, labels: Tensor) -> Tensor:
        """Return the loss of each row, [N], in nats; entries of weight 0 add nothing."""
        weights = target.at(self.temperature).exp()
        log_q = gathered.log_q(self.temperature)[:, :-1]
        return -(self.temperature**2) * torch.where(weights > 0, weights * log_q, 0.0).sum(dim=1)


@dataclass(frozen=True, slots=True)
class DecoupledTopK:
    """KL of the head's mass at T = 1, and inside the head T^2 * KL at T, weighted by that mass.

        KL((m, 1 - m) || (m', 1 - m')) + m * T^2 * KL(softmax(l / T) || softmax(z / T))

    l and z are the teacher's and the student's logits of the head, m and m' its masses. Only the
    inside is tempered, so log Z is needed only at T = 1. With T = 1 it is the forward KL with
    a tail bucket. Source: the decoupled top-k of the LFM2 report, arXiv 2511.23404.
    """

    temperature: float

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures at which the target and the student are read."""
        return (1.0,)

    def __call__(self, gathered: GatheredLogits, target: SoftTarget, labels: Tensor) -> Tensor:
        """Return the loss of each row, [N], in nats."""
        log_p, log_q = target.at(1.0), gathered.log_q(1.0)
        inside, outside = log_p.logsumexp(dim=1), target.missing(1.0).log()
        outside = outside.masked_fill(log_q[:, -1].isneginf(), -torch.inf)  # k = C
        masses = forward_kl(
            torch.stack([inside, outside], dim=1),
            torch.stack([log_q[:, :-1].logsumexp(dim=1), log_q[:, -1]], dim=1),
        )
        t = self.temperature
        head = forward_kl((log_p / t).log_softmax(dim=1), (gathered.head / t).log_softmax(dim=1))
        return masses + inside.exp() * t**2 * head


@dataclass(frozen=True, slots=True)
class DecoupledKD:
    """DKD: T^2 * (target * KL of the label's mass + others * KL among the other classes).

    For a truncated target, the other classes are the rest of the head, and the missing mass as one
    outcome. A row that cannot be split, because it has no label or its label is outside the head,
    gets T^2 * KL(p, q) over head and tail. Source: Zhao et al. (CVPR 2022), arXiv 2203.08679.

    Attributes:
        target: alpha, the weight of the label's mass.
        others: beta, the weight of the other classes.
        temperature: T > 0.
    """

    target: float
    others: float
    temperature: float

    @property
    def temperatures(self) -> tuple[float, ...]:
        """The temperatures at which the target and the student are read."""
        return (self.temperature,)

    def __call__(self, gathered: GatheredLogits, target: SoftTarget, labels: Tensor) -> Tensor:
        """Return the loss of each row, [N], in nats."""
        t = self.temperature
        log_p, log_q = target.at(t), gathered.log_q(t)
        missing = target.missing(t)
        missing = missing.masked_fill(missing < ROUNDED, 0.0).log()
        missing = missing.masked_fill(log_q[:, -1].isneginf(), -torch.inf)  # k = C
        p = torch.cat([log_p, missing[:, None]], dim=1)
        is_label = (target.ids == labels[:, None]) & ~log_p.isneginf()
        splits = is_label.any(dim=1)
        parts = self._parts(p, log_q, functional.pad(is_label, (0, 1)), gathered.log_q_label(t))
        return t**2 * torch.where(splits, parts, forward_kl(p, log_q))

    def _parts(self, p: Tensor, q: Tensor, is_label: Tensor, q_label: Tensor) -> Tensor:
        """Return both parts together, [N], of log p and log q [N, k + 1]."""
        p_rest, q_rest = (z.masked_fill(is_label, -torch.inf) for z in (p, q))
        p_others, q_others = p_rest.logsumexp(dim=1), q_rest.logsumexp(dim=1)
        p_label = p.masked_fill(~is_label, -torch.inf).logsumexp(dim=1)
        masses = forward_kl(
            torch.stack([p_label, p_others], dim=1), torch.stack([q_label, q_others], dim=1)
        )
        # A teacher with all its probability on the label says nothing about the other classes.
        scale = p_others.masked_fill(p_others.isneginf(), 0.0)
        among = forward_kl(p_rest - scale[:, None], q_rest - q_others[:, None])
        return self.target * masses + self.others * among


def hard_cross_entropy(
    logits: Tensor, labels: Tensor, smoothing: float = 0.0, over: int | None = None
) -> Tensor:
    """Mean cross-entropy over the labelled rows, in nats; zero where a batch has none.

    Args:
        logits: [N, C].
        labels: [N], int64, -1 where a row has no label. Masking a row equals leaving it out.
        smoothing: share of each target's mass that is spread over all classes.
        over: the number of labelled rows of the whole batch; None where these rows are the batch.
    """
    total = functional.cross_entropy(
        logits, labels, ignore_index=NO_LABEL, reduction="sum", label_smoothing=smoothing
    )
    return total / ((labels != NO_LABEL).sum().clamp(min=1) if over is None else max(over, 1))
