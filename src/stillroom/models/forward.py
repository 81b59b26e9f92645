"""Forward passes at one fixed shape: inputs in, logits out.

    inputs [N, *shape] ──batches of constant size, the last one padded──> logits [N, classes]

In float32 a row's logits change in their last bits with the size of the batch around them. So
each batch has the same size, with rows of zeros in the tail, whose answers are dropped.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.models.hidden import logits_alone, with_features

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

Floats = NDArray[np.float32]
Inputs = NDArray[Any]


def logits(model: "PreTrainedModel", inputs: Inputs, batch_size: int) -> Floats:
    """Return float32 logits [N, classes] for inputs [N, *shape]."""
    batches = batches_of_logits(model, inputs, batch_size)
    return np.concatenate([batch.float().cpu().numpy() for batch in batches])


def probabilities(model: "PreTrainedModel", inputs: Inputs, batch_size: int) -> NDArray[np.float64]:
    """Return the softmax of the logits, [N, classes], at temperature 1."""
    answers = logits(model, inputs, batch_size).astype(np.float64)
    shifted = np.exp(answers - answers.max(axis=1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=1, keepdims=True))


def batches_of_logits(
    model: "PreTrainedModel", inputs: Inputs, batch_size: int
) -> "Iterator[Tensor]":
    """Yield the logits batch by batch on the model's device, each [at most batch_size, classes]."""
    import torch

    for batch, rows in _batches(model, inputs, batch_size):
        with torch.inference_mode():
            answers, _ = logits_alone(model, batch)
        yield answers[:rows]


def batches_with_features(
    model: "PreTrainedModel", inputs: Inputs, batch_size: int
) -> "Iterator[tuple[Tensor, Tensor]]":
    """Yield the same, with pooled features [at most batch_size, D].

    Raises:
        ModelError: the architecture shows no hidden states.
    """
    import torch

    for batch, rows in _batches(model, inputs, batch_size):
        with torch.inference_mode():
            answers, features = with_features(model, batch)
        yield answers[:rows], features.pooled[:rows]


def _batches(
    model: "PreTrainedModel", inputs: Inputs, batch_size: int
) -> "Iterator[tuple[Tensor, int]]":
    """Yield each batch at the fixed size, and how many of its rows are no padding."""
    import torch

    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        padded = np.zeros((batch_size, *inputs.shape[1:]), dtype=inputs.dtype)
        padded[: len(batch)] = batch
        yield torch.from_numpy(padded).to(model.device), len(batch)
