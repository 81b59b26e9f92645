"""Tokens: a batch of sequences and a model in, what it learns from them and how good it is out.

inputs [n, 3, length] ──> hidden states where something is asked ──┐
                                         the output layer ──────────┴──fused──> loss
                     └──> features of every position ──terms of features──┘
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from stillroom.models.forward.lm_head import (
    answers_asked,
    answers_with_features,
    before_output,
    head_of,
    hidden_asked,
    logits_asked,
)
from stillroom.objectives.feature_batch import Features
from stillroom.objectives.feature_terms import Project
from stillroom.objectives.fused_loss import Head, fused_loss
from stillroom.objectives.mixture import HardLabels, Loss, Mixture
from stillroom.objectives.soft_target import SoftTarget
from stillroom.training.data.batch_loader import Batch

# Logits of a chunk of validation, 256 MB in float32.
CHUNK = 2**26


@dataclass(frozen=True, slots=True)
class Comparison:
    """Features that a student's are compared with.

    Attributes:
        theirs: the teachers'.
        project: of the student's, to their width.
    """

    theirs: Features
    project: Project


def token_loss(
    model: PreTrainedModel,
    batch: Batch,
    target: SoftTarget | None,
    loss: Loss,
    is_split: bool,
    comparison: Comparison | None = None,
) -> Tensor:
    """Return what a part of a batch adds to the batch's loss.

    Args:
        model: of tokens.
        batch: whose labels [M] are those of the places that are asked.
        target: [M, k], or None.
        loss: what is minimised.
        is_split: whether hidden states and the output layer are all that logits are made of.
        comparison: for terms of features.
    """
    answers = answers_asked if comparison is None else answers_with_features
    whole = target is not None and target.in_order
    if not is_split or whole or (isinstance(loss, HardLabels) and loss.smoothing):
        logits, ours = answers(model, batch.inputs)
        precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
        found = loss(precise, batch.labels, target, batch.counts)
    else:
        hidden, ours = before_output(model, batch.inputs, answers)
        found = _fused(hidden, head_of(model), batch, target, loss)
    if comparison is None or ours is None or not isinstance(loss, Mixture):
        return found
    theirs, project = comparison.theirs, comparison.project
    return found + loss.of_features(ours, theirs, project, batch.counts)


def _fused(
    hidden: Tensor, head: Head, batch: Batch, target: SoftTarget | None, loss: Loss
) -> Tensor:
    mixture = loss if isinstance(loss, Mixture) else Mixture(1.0, ())
    if target is None:
        target = SoftTarget.nothing(len(batch.labels)).to(batch.labels.device)
    return fused_loss(hidden, head, batch.labels, target, mixture, batch.counts)


def token_scores(model: PreTrainedModel, batch: Batch, is_split: bool) -> Tensor:
    """Return [3], float64: the sum of the NLL, how many are right, and how many were asked."""
    found = torch.zeros(3, dtype=torch.float64, device=batch.labels.device)
    if not is_split:
        return found + _scores(logits_asked(model, batch.inputs), batch.labels)
    hidden, head = hidden_asked(model, batch.inputs), head_of(model)
    size = max(1, CHUNK // len(head.weight))
    for start in range(0, len(hidden), size):
        rows = slice(start, start + size)
        logits = torch.nn.functional.linear(hidden[rows], head.weight, head.bias)
        found += _scores(logits, batch.labels[rows])
    return found


def _scores(logits: Tensor, labels: Tensor) -> Tensor:
    nll = torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none")
    right = (logits.argmax(dim=1) == labels).double().sum()
    return torch.stack([nll.double().sum(), right, right.new_tensor(len(labels))])
