"""Gathered logits: the few logits of a student that a loss needs, for any number of classes.

    logits [N, C] + ids [N, k] + labels [N] ──gather──> z at the ids and at the labels, and
                                                        log-sum-exp of all the other classes

A truncated target describes its k classes and the rest as a whole, so a loss is a function of only
these numbers. `fused_loss` computes them from hidden states, without the logits of a whole batch.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from stillroom.objectives.targets.soft_target import SoftTarget


@dataclass(frozen=True, slots=True)
class GatheredLogits:
    """The numbers that a loss needs of N rows of logits z over C classes.

    Attributes:
        head: [N, k], z at the target's ids.
        rest: [N] at each temperature: log sum exp(z_i / T) over the classes that are not among
            the ids; -inf where there are none.
        find_label: returns z at the hard label, [N]; the value is meaningless where a row has no
            label. A function, because most losses do not need it.
        is_whole: whether the target holds every class, in order, so that there is no rest. A table
            with as many columns as classes may not hold every class: its rows may be padded.
    """

    head: Tensor
    rest: Mapping[float, Tensor]
    find_label: Callable[[], Tensor]
    is_whole: bool = False

    def log_q_head(self, temperature: float) -> Tensor:
        """Return the log-probabilities of the classes, [N, C], where there is no rest."""
        return (self.head / temperature).log_softmax(dim=1)

    def log_q(self, temperature: float) -> Tensor:
        """Return [N, k + 1]: log-probabilities of the ids, and of all the rest together."""
        outcomes = torch.cat([self.head / temperature, self.rest[temperature][:, None]], dim=1)
        return outcomes.log_softmax(dim=1)

    def log_q_label(self, temperature: float) -> Tensor:
        """Return the label's log-probability, [N]."""
        return self.find_label() / temperature - self.log_sum_exp(temperature)

    def log_sum_exp(self, temperature: float) -> Tensor:
        """Return log sum exp(z / T) over all classes, [N]."""
        outcomes = torch.cat([self.head / temperature, self.rest[temperature][:, None]], dim=1)
        return outcomes.logsumexp(dim=1)


def gather(
    logits: Tensor, target: SoftTarget, labels: Tensor, temperatures: Iterable[float]
) -> GatheredLogits:
    """Return the numbers that a loss needs, from logits that are in memory.

    Args:
        logits: [N, C].
        target: [N, k]; k may be 0.
        labels: [N], int64, -1 where a row has none.
        temperatures: the temperatures that the loss reads.
    """
    ids = target.ids
    return GatheredLogits(
        head=logits if target.in_order else logits.gather(1, ids),
        rest={t: _rest(logits, ids, t) for t in temperatures},
        find_label=lambda: logits.gather(1, labels.clamp(min=0)[:, None])[:, 0],
        is_whole=target.in_order,
    )


def _rest(logits: Tensor, ids: Tensor, temperature: float) -> Tensor:
    if ids.shape[1] == logits.shape[1]:  # the gradient of a log-sum-exp over nothing is NaN
        return logits.new_full((len(logits),), -torch.inf)
    return (logits.scatter(1, ids, -torch.inf) / temperature).logsumexp(dim=1)
