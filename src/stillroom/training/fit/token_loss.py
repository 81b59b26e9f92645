"""Losses of tokens: a model and a batch of sequences in, its loss or its validation scores out.

inputs [n, 3, length] ──> hidden states at positions with labels ──┐
                                         the output layer ──────────┴──fused──> loss
                     └──> features of every position ──terms of features──┘
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from stillroom.models.forward.lm_head import (
    head_of,
    label_hidden_states,
    label_logits,
    label_logits_and_features,
    label_logits_only,
    output_layer_inputs,
)
from stillroom.objectives.feature_batch import Features
from stillroom.objectives.feature_losses import Project
from stillroom.objectives.fused_loss import OutputLayer, fused_loss
from stillroom.objectives.mixture import Mixture
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.training.data.batch_loader import Batch

# How many logits validation computes at once: 256 MB in float32.
CHUNK = 2**26


@dataclass(frozen=True, slots=True)
class FeatureComparison:
    """The teachers' features, with which those of the student are compared.

    Attributes:
        theirs: the teachers' features.
        project: maps the student's features to the teachers' width.
    """

    theirs: Features
    project: Project


def token_loss(
    model: PreTrainedModel,
    batch: Batch,
    target: SoftTarget | None,
    loss: Mixture,
    *,
    is_linear: bool,
    comparison: FeatureComparison | None = None,
) -> Tensor:
    """Return what a micro-batch adds to the loss of its batch.

    Args:
        model: the language model.
        batch: sequences, with the labels [M] of their positions.
        target: [M, k], or None.
        loss: the loss that is minimised.
        is_linear: whether the logits are the output layer's of the hidden states, and nothing else.
        comparison: the teachers' features, where a term compares features.
    """
    answers = label_logits_only if comparison is None else label_logits_and_features
    whole = target is not None and target.in_order
    if not is_linear or whole or loss.smoothing:
        logits, ours = answers(model, batch.inputs)
        precise = logits.to(torch.promote_types(logits.dtype, torch.float32))
        value = loss(precise, batch.labels, target, batch.counts)
    else:
        hidden, ours = output_layer_inputs(model, batch.inputs, answers)
        value = _fused(hidden, head_of(model), batch, target, loss)
    if comparison is None or ours is None:
        return value
    theirs, project = comparison.theirs, comparison.project
    return value + loss.of_features(ours, theirs, project, batch.counts)


def _fused(
    hidden: Tensor, head: OutputLayer, batch: Batch, target: SoftTarget | None, loss: Mixture
) -> Tensor:
    if target is None:
        target = SoftTarget.nothing(len(batch.labels)).to(batch.labels.device)
    return fused_loss(hidden, head, batch.labels, target, loss, batch.counts)


def token_scores(model: PreTrainedModel, batch: Batch, is_linear: bool) -> Tensor:
    """Return [3], float64: the sum of the NLL, the number of hits, and the number of labels."""
    scores = torch.zeros(3, dtype=torch.float64, device=batch.labels.device)
    if not is_linear:
        return scores + _scores(label_logits(model, batch.inputs), batch.labels)
    hidden, head = label_hidden_states(model, batch.inputs), head_of(model)
    size = max(1, CHUNK // len(head.weight))
    for start in range(0, len(hidden), size):
        rows = slice(start, start + size)
        logits = torch.nn.functional.linear(hidden[rows], head.weight, head.bias)
        scores += _scores(logits, batch.labels[rows])
    return scores


def _scores(logits: Tensor, labels: Tensor) -> Tensor:
    nll = torch.nn.functional.cross_entropy(logits.float(), labels, reduction="none")
    right = (logits.argmax(dim=1) == labels).double().sum()
    return torch.stack([nll.double().sum(), right, right.new_tensor(len(labels))])
