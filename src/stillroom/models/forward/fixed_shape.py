"""Forward passes at one fixed shape: inputs in, logits out.

    inputs [N, *shape] ──batches of constant size, the last one padded──> logits [N, classes]

In float32 a row's logits change in their last bits with the size of the batch around them. So
each batch has the same size, with rows of zeros in the tail, whose answers are dropped. Texts have
a size for each of a few lengths: see `texts`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.models.forward.hidden_states import logits_alone, with_features
from stillroom.models.forward.text_logits import Ask, answered, is_tokens

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
    """Yield the logits batch by batch on the model's device, each [n, classes]; of texts at once.

    Args:
        model: in evaluation mode.
        inputs: [N, *shape].
        batch_size: n, at most.
    """

    def ask(batch: "Tensor") -> "tuple[Tensor, ...]":
        return (logits_alone(model, batch)[0],)

    for (answers,) in _asked(model, ask, inputs, batch_size):
        yield answers


def batches_with_features(
    model: "PreTrainedModel", inputs: Inputs, batch_size: int
) -> "Iterator[tuple[Tensor, Tensor]]":
    """Yield the same, with pooled features [n, D].

    Raises:
        ModelError: the architecture shows no hidden states.
    """

    def ask(batch: "Tensor") -> "tuple[Tensor, ...]":
        answers, features = with_features(model, batch)
        return answers, features.pooled

    yield from _asked(model, ask, inputs, batch_size)  # type: ignore[misc]


def _asked(
    model: "PreTrainedModel", ask: Ask, inputs: Inputs, batch_size: int
) -> "Iterator[tuple[Tensor, ...]]":
    """Yield what is said of the rows, in their order."""
    import torch

    def on_device(batch: "Tensor") -> "tuple[Tensor, ...]":
        with torch.inference_mode():
            return ask(batch.to(model.device))

    if is_tokens(inputs):
        if len(inputs):
            yield answered(on_device, inputs, batch_size)
        return
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        padded = np.zeros((batch_size, *inputs.shape[1:]), dtype=inputs.dtype)
        padded[: len(batch)] = batch
        yield tuple(said[: len(batch)] for said in on_device(torch.from_numpy(padded)))
