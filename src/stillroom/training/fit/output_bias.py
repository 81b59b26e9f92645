"""Output bias: a student without examples of some classes in, their output bias corrected out.

The bias is chosen on validation rows.

Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", arXiv 1503.02531,
section 3: the bias of the 3 makes up for a transfer set without a single one.
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import Linear, Parameter
from transformers import PreTrainedModel

from stillroom.errors import ModelError
from stillroom.io.files.atomic_folder import publish
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import load_model, read_encoder, save_model
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.fit.precision import Arithmetic, halve
from stillroom.training.job import Fit
from stillroom.training.resume_state import ResumeState

_LOG = logging.getLogger(__name__)

ROWS_AT_ONCE = 256
Floats = NDArray[np.float64]


def set_output_bias(
    model: PreTrainedModel, answers: Floats, labels: NDArray[np.int64], classes: Sequence[int]
) -> list[float]:
    """Change the output bias of some classes so that the fewest rows are wrong; return the changes.

    Args:
        model: the model whose last layer is changed.
        answers: its logits [N, C] on validation rows.
        labels: [N].
        classes: the classes, which are changed one after the other.
    """
    bias, shifted, added = output_bias(model), answers.copy(), []
    for index in classes:
        amount = best_bias(shifted, labels, index)
        shifted[:, index] += amount
        added.append(amount)
        with torch.no_grad():
            bias[index] += amount
    return added


def write_balanced(
    fit: Fit, validation: MemoryDataset, state: ResumeState, arithmetic: Arithmetic
) -> None:
    """Write the model of the best epoch with a new output bias for the classes of `fit.balance`.

    The bias is chosen in float32. Weights that were trained in bf16 are stored in bf16, and the
    bias is rounded to it.

    Raises:
        ModelError: the model has no output bias.
    """
    model, encoder = load_model(state.best), read_encoder(state.best)
    answers = logits(model, validation.inputs.numpy(), ROWS_AT_ONCE).astype(np.float64)
    added = set_output_bias(model, answers, validation.labels.numpy(), fit.balance)
    changes = ", ".join(f"{b:+.2f} for class {n}" for n, b in zip(fit.balance, added, strict=True))
    _LOG.info("%s: output bias set on validation rows, %s", fit.name, changes)
    if arithmetic.has_half_weights:
        halve(model)
    arriving = state.arriving()
    save_model(model, encoder, arriving)
    publish(arriving, state.balanced)


def best_bias(answers: Floats, labels: NDArray[np.int64], index: int) -> float:
    """Return what to add to a class's logits [N, C] so that the fewest rows are wrong.

    The number of errors is constant between the rows' own margins; the middle of the widest best
    interval is returned.
    """
    others = answers.copy()
    others[:, index] = -np.inf
    margin = others.max(axis=1) - answers[:, index]  # the class wins above it
    order = np.argsort(margin)
    wins = (labels == index).astype(int)[order]
    loses = (others.argmax(axis=1) == labels).astype(int)[order]
    right = loses.sum() + np.concatenate([[0], np.cumsum(wins - loses)])
    edges = np.concatenate([[margin.min() - 1], margin[order], [margin.max() + 1]])
    widths = np.where(right == right.max(), np.diff(edges), -1.0)
    at = int(widths.argmax())
    return float(edges[at] + edges[at + 1]) / 2


def output_bias(model: PreTrainedModel) -> Parameter:
    """Return the bias [classes] of the last linear layer that gives logits.

    Raises:
        ModelError: the model has no such layer.
    """
    classes = model.config.num_labels
    for layer in reversed(list(model.modules())):
        if isinstance(layer, Linear) and layer.out_features == classes and layer.bias is not None:
            return layer.bias
    raise ModelError(
        f"{type(model).__name__} has no last linear layer with a bias for {classes} classes. "
        "Set student.transfer.balance=[]."
    )
