"""Hidden states: a model and inputs in, its logits and features out.

inputs [N, *shape] ──> logits [N, C], hidden states [N, *positions, D] of each layer ──> Features
"""

from typing import TYPE_CHECKING

from stillroom.data.encoders.sequences import TOKENS
from stillroom.errors import ModelError
from stillroom.models.arguments import arguments, is_classifier
from stillroom.objectives.features import Features

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def with_features(model: "PreTrainedModel", inputs: "Tensor") -> "tuple[Tensor, Features]":
    """Return logits [N, C] and features.

    Raises:
        ModelError: the architecture shows no hidden states.
    """
    out = model(**arguments(model, inputs), output_hidden_states=True)
    if not out.hidden_states:
        raise ModelError(
            f"{type(model).__name__} shows no hidden states, so no term can compare its features. "
            "Choose another architecture, or an objective of answers alone."
        )
    hidden = [_channels_last(state) for state in out.hidden_states]
    if is_classifier(model) and not inputs.is_floating_point():
        return out.logits, Features(_mean_of_tokens(hidden[-1], inputs), tuple(hidden))
    return out.logits, Features.of(hidden)


def logits_alone(model: "PreTrainedModel", inputs: "Tensor") -> "tuple[Tensor, None]":
    """Return logits [N, C], and no features."""
    return model(**arguments(model, inputs)).logits, None


def feature_width(model: "PreTrainedModel", shape: tuple[int, ...]) -> int:
    """Return D of the pooled features for inputs of a shape.

    Raises:
        ModelError: as `with_features`.
    """
    import torch

    was_training = model.training
    kind = torch.int32 if model.main_input_name == "input_ids" else torch.float32
    inputs = torch.zeros(1, *shape, dtype=kind, device=model.device)
    with torch.no_grad():  # in evaluation mode: one row moves no batch statistics
        _, features = with_features(model.eval(), inputs)
    model.train(was_training)
    return features.pooled.shape[1]


def _mean_of_tokens(states: "Tensor", texts: "Tensor") -> "Tensor":
    """Return the mean of states [N, length, D] over the places where a text has a token, [N, D]."""
    is_token = (texts[:, TOKENS] >= 0)[:, :, None]
    return (states * is_token).sum(dim=1) / is_token.sum(dim=1)


def _channels_last(state: "Tensor") -> "Tensor":
    """Return [N, *positions, D]; maps come as [N, D, height, width]."""
    return state.movedim(1, -1) if state.ndim == 4 else state
