"""Language models in two parts: hidden states at labelled positions, and the output layer.

    sequences [N, 3, length] ──model without its last layer──> hidden [M, D];  z = W h + b
                             └──each layer, each position──> Features, if a term needs them

So a loss can run over the vocabulary in chunks, without all logits of a batch in memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stillroom.data.text.token_layout import LABELS, TOKENS
from stillroom.errors import ModelError
from stillroom.models.forward.hidden_states import (
    logits_and_features,
    logits_only,
    made_up_row,
)
from stillroom.objectives.fused_loss import OutputLayer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

    from stillroom.objectives.feature_batch import Features

    LabelForward = Callable[["PreTrainedModel", Tensor], tuple[Tensor, Features | None]]

# Two computations of bfloat16 logits agree to about 2^-8 of their size.
TOLERANCE = 2e-2
TRIED = 16  # positions of a sequence, each of which has a logit for each token


def label_mask(inputs: "Tensor") -> "Tensor":
    """Return whether each position has a label, [N, length]."""
    return inputs[:, LABELS] >= 0


def masked_labels(inputs: "Tensor") -> "Tensor":
    """Return the labels of the M labelled positions, [M], row after row."""
    labels: Tensor = inputs[:, LABELS][label_mask(inputs)].long()
    return labels


def label_logits(model: "PreTrainedModel", inputs: "Tensor") -> "Tensor":
    """Return the logits at the labelled positions, [M, V]."""
    return logits_only(model, inputs)[0][label_mask(inputs)]


def label_logits_only(
    model: "PreTrainedModel", inputs: "Tensor"
) -> "tuple[Tensor, Features | None]":
    """Return the logits at the labelled positions, [M, V], and None instead of features."""
    return label_logits(model, inputs), None


def label_logits_and_features(
    model: "PreTrainedModel", inputs: "Tensor"
) -> "tuple[Tensor, Features | None]":
    """Return logits [M, V] and the features of every position, from one forward pass."""
    logits, features = logits_and_features(model, inputs)
    return logits[label_mask(inputs)], features


def label_hidden_states(model: "PreTrainedModel", inputs: "Tensor") -> "Tensor":
    """Return the inputs of the output layer at the labelled positions, [M, D].

    Raises:
        ModelError: the model has no output layer.
    """
    return output_layer_inputs(model, inputs, label_logits_only)[0]


def output_layer_inputs(
    model: "PreTrainedModel", inputs: "Tensor", forward: "LabelForward"
) -> "tuple[Tensor, Features | None]":
    """Return the result of `forward`, with the inputs of the output layer instead of the logits.

    Raises:
        ModelError: the model has no output layer.
    """
    with _passing_through(output_layer(model)):
        return forward(model, inputs)


def head_of(model: "PreTrainedModel") -> OutputLayer:
    """Return the output layer.

    Raises:
        ModelError: the model has no output layer.
    """
    layer: Any = output_layer(model)
    return OutputLayer(layer.weight, getattr(layer, "bias", None))


def is_linear_head(model: "PreTrainedModel", inputs: "Tensor") -> bool:
    """Tell whether the logits are the unchanged output of the last linear layer.

    Some architectures cap or scale that output.

    Args:
        model: the model; it runs on the first tokens of two inputs, in evaluation mode.
        inputs: [N, 3, length].
    """
    import torch

    was_training = model.training
    model.eval()
    # A few positions tell. The logits of all would be the peak of a fit with a large vocabulary:
    # 4 times 0.5 GB for 512 positions of Gemma 3.
    rows = inputs[:2] if len(inputs) else made_up_row(inputs)
    some = rows[:, :, :TRIED].to(model.device, copy=True)
    some[:, LABELS] = some[:, TOKENS]
    with torch.no_grad():
        head, hidden = head_of(model), label_hidden_states(model, some)
        linear = torch.nn.functional.linear(hidden, head.weight, head.bias)
        expected = label_logits(model, some)
    model.train(was_training)
    if linear.shape != expected.shape:
        return False
    return bool((linear - expected).abs().max() <= TOLERANCE * expected.abs().max())


def output_layer(model: "PreTrainedModel") -> "Module":
    """Return the layer that computes the logits.

    Raises:
        ModelError: the model has no output layer.
    """
    layer = model.get_output_embeddings()
    if layer is None:
        raise ModelError(
            f"{type(model).__name__} has no output layer over a vocabulary, but the examples are "
            "tokens. Choose a language model, or set the --params of the run that made the "
            "examples."
        )
    output: Module = layer
    return output


@contextmanager
def _passing_through(layer: "Module") -> Iterator[None]:
    """Make a layer return its inputs."""
    layer.forward = lambda hidden: hidden
    try:
        yield
    finally:
        del layer.forward
