"""Forward passes at one fixed shape: inputs in, logits out.

    inputs [N, *shape] ──batches of constant size, the last one padded──> logits [N, classes]

In float32 the last bits of a row's logits depend on the size of the batch. So every batch has the
same size: rows of zeros fill the last batch, and their logits are dropped. Texts have one batch
size for each length: see `text_logits`.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.models.forward.hidden_states import logits_and_features, logits_only
from stillroom.models.forward.text_logits import Forward, is_tokens, outputs_in_order

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
    from scipy.special import softmax

    return np.asarray(softmax(logits(model, inputs, batch_size).astype(np.float64), axis=1))


def batches_of_logits(
    model: "PreTrainedModel", inputs: Inputs, batch_size: int
) -> "Iterator[Tensor]":
    """Yield logits [n, classes] batch by batch, on the model's device; for texts, one batch of all.

    Args:
        model: the model, in evaluation mode.
        inputs: [N, *shape].
        batch_size: the largest n.
    """

    def forward(batch: "Tensor") -> "tuple[Tensor, ...]":
        return (logits_only(model, batch)[0],)

    for (batch_logits,) in _forward_batches(model, forward, inputs, batch_size):
        yield batch_logits


def batches_of_logits_and_features(
    model: "PreTrainedModel", inputs: Inputs, batch_size: int
) -> "Iterator[tuple[Tensor, Tensor]]":
    """Yield logits [n, classes] and pooled features [n, D], batch by batch.

    Raises:
        ModelError: the architecture returns no hidden states.
    """

    def forward(batch: "Tensor") -> "tuple[Tensor, ...]":
        batch_logits, features = logits_and_features(model, batch)
        return batch_logits, features.pooled

    yield from _forward_batches(model, forward, inputs, batch_size)  # type: ignore[misc]


def _forward_batches(
    model: "PreTrainedModel", forward: Forward, inputs: Inputs, batch_size: int
) -> "Iterator[tuple[Tensor, ...]]":
    """Yield the outputs of `forward` for the rows, batch by batch, in their order."""
    import torch

    def on_device(batch: "Tensor") -> "tuple[Tensor, ...]":
        with torch.inference_mode():
            return forward(batch.to(model.device))

    if is_tokens(inputs):
        if len(inputs):
            yield outputs_in_order(on_device, inputs, batch_size)
        return
    for start in range(0, len(inputs), batch_size):
        batch = inputs[start : start + batch_size]
        padded = np.zeros((batch_size, *inputs.shape[1:]), dtype=inputs.dtype)
        padded[: len(batch)] = batch
        yield tuple(output[: len(batch)] for output in on_device(torch.from_numpy(padded)))
