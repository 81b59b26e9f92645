"""Language models in two parts: hidden states where something is asked, and the output layer.

    sequences [N, 3, length] ──model without its last layer──> hidden [M, D];  Head: z = W h + b
                             └──each layer, each position──> Features, where a term asks for them

So that a loss can go over the vocabulary in chunks, and no logits of a whole batch are in memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stillroom.data.encoders.sequence_encoder import LABELS
from stillroom.errors import ModelError
from stillroom.models.forward.forward_kwargs import arguments
from stillroom.models.forward.hidden_states import with_features
from stillroom.objectives.fused_loss import Head

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

    from stillroom.objectives.feature_batch import Features

    Answers = Callable[["PreTrainedModel", Tensor], tuple[Tensor, Features | None]]

# Logits in bfloat16 agree to about 2^-8 of their size.
APART = 2e-2


def asked(inputs: "Tensor") -> "Tensor":
    """Return where something is asked, [N, length]."""
    return inputs[:, LABELS] >= 0


def labels_of(inputs: "Tensor") -> "Tensor":
    """Return the labels of the places that are asked, [M], row after row."""
    labels: Tensor = inputs[:, LABELS][asked(inputs)].long()
    return labels


def logits_asked(model: "PreTrainedModel", inputs: "Tensor") -> "Tensor":
    """Return the logits of the places that are asked, [M, V]."""
    logits: Tensor = model(**arguments(model, inputs)).logits[asked(inputs)]
    return logits


def answers_asked(model: "PreTrainedModel", inputs: "Tensor") -> "tuple[Tensor, Features | None]":
    """Return the same, and no features."""
    return logits_asked(model, inputs), None


def answers_with_features(
    model: "PreTrainedModel", inputs: "Tensor"
) -> "tuple[Tensor, Features | None]":
    """Return the same, and features of every position, of one forward pass."""
    logits, features = with_features(model, inputs)
    return logits[asked(inputs)], features


def hidden_asked(model: "PreTrainedModel", inputs: "Tensor") -> "Tensor":
    """Return what the output layer is given at the places that are asked, [M, D].

    Raises:
        ModelError: the model has no output layer.
    """
    return before_output(model, inputs, answers_asked)[0]


def before_output(
    model: "PreTrainedModel", inputs: "Tensor", answers: "Answers"
) -> "tuple[Tensor, Features | None]":
    """Return what `answers` gives, with what the output layer is given in place of logits.

    Raises:
        ModelError: the model has no output layer.
    """
    with _passing_through(output_layer(model)):
        return answers(model, inputs)


def head_of(model: "PreTrainedModel") -> Head:
    """Return the output layer.

    Raises:
        ModelError: the model has none.
    """
    layer: Any = output_layer(model)
    return Head(layer.weight, getattr(layer, "bias", None))


def is_split(model: "PreTrainedModel", inputs: "Tensor") -> bool:
    """Tell whether the logits are the output layer's, with nothing done to them afterwards.

    Some architectures cap or scale them.

    Args:
        model: is run on two of the inputs, in evaluation mode.
        inputs: [N, 3, length].
    """
    import torch

    was_training = model.training
    model.eval()
    some = inputs[:2].to(model.device)
    with torch.no_grad():
        head, hidden = head_of(model), hidden_asked(model, some)
        found = torch.nn.functional.linear(hidden, head.weight, head.bias)
        expected = logits_asked(model, some)
    model.train(was_training)
    if found.shape != expected.shape:
        return False
    return bool((found - expected).abs().max() <= APART * expected.abs().max())


def output_layer(model: "PreTrainedModel") -> "Module":
    """Return the layer that logits come from.

    Raises:
        ModelError: the model has none.
    """
    layer = model.get_output_embeddings()
    if layer is None:
        raise ModelError(
            f"{type(model).__name__} has no output layer over a vocabulary, and the examples are "
            "tokens. Name a language model, or give the --params that the examples were made with."
        )
    found: Module = layer
    return found


@contextmanager
def _passing_through(layer: "Module") -> Iterator[None]:
    """Let a layer return what it is given."""
    layer.forward = lambda hidden: hidden
    try:
        yield
    finally:
        del layer.forward
