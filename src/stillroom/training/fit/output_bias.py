"""Balance: a student that has never seen some classes in, their output bias set on validation out.

Source: Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network", arXiv 1503.02531,
section 3: the bias of the 3 makes up for a transfer set without a single one.
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import PreTrainedModel

from stillroom.io.files.workspace import publish
from stillroom.models.classifier_bias import output_bias
from stillroom.models.forward.fixed_shape import logits
from stillroom.models.pretrained.model_directory import load_model, read_encoder, save_model
from stillroom.training.data.memory_dataset import Rows
from stillroom.training.job import Fit
from stillroom.training.resume_state import Place

_LOG = logging.getLogger(__name__)

ROWS_AT_ONCE = 256
Floats = NDArray[np.float64]


def balance(
    model: PreTrainedModel, answers: Floats, labels: NDArray[np.int64], classes: Sequence[int]
) -> list[float]:
    """Add to the output bias of some classes what makes the fewest errors; return how much.

    Args:
        model: whose last layer is changed.
        answers: its logits [N, C] on validation rows.
        labels: [N].
        classes: one after the other.
    """
    bias, shifted, added = output_bias(model), answers.copy(), []
    for index in classes:
        amount = best_bias(shifted, labels, index)
        shifted[:, index] += amount
        added.append(amount)
        with torch.no_grad():
            bias[index] += amount
    return added


def write_balanced(fit: Fit, validation: Rows, place: Place) -> None:
    """Write the best epoch's model with the output bias that a fit asks for.

    Raises:
        ModelError: the model has no output bias.
    """
    model, encoder = load_model(place.best), read_encoder(place.best)
    found = logits(model, validation.inputs.numpy(), ROWS_AT_ONCE).astype(np.float64)
    added = balance(model, found, validation.labels.numpy(), fit.balance)
    told = ", ".join(f"{b:+.2f} for class {n}" for n, b in zip(fit.balance, added, strict=True))
    _LOG.info("%s: output bias set on validation rows, %s", fit.name, told)
    arriving = place.folder / "arriving"
    save_model(model, encoder, arriving)
    publish(arriving, place.balanced)


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
