"""Hidden states: a model and inputs in, its logits and features out.

inputs [N, *shape] ──> logits [N, C], hidden states [N, *positions, D] of each layer ──> Features

Of sequences the places that were filled up are no positions.
"""

from typing import TYPE_CHECKING, Any

from stillroom.data.text.token_layout import TOKENS
from stillroom.errors import ModelError
from stillroom.models.forward.forward_kwargs import arguments
from stillroom.objectives.feature_batch import Features

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def with_features(model: "PreTrainedModel", inputs: "Tensor") -> "tuple[Tensor, Features]":
    """Return logits [N, C], or [N, length, V], and features.

    Raises:
        ModelError: the architecture shows no hidden states.
    """
    out: Any = model(**arguments(model, inputs), output_hidden_states=True)
    if not out.hidden_states:
        raise ModelError(
            f"{type(model).__name__} shows no hidden states, so no term can compare its features. "
            "Choose another architecture, or an objective of answers alone."
        )
    inside = None if inputs.is_floating_point() else inputs[:, TOKENS] >= 0
    return out.logits, Features.of([_channels_last(one) for one in out.hidden_states], inside)


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


def _channels_last(state: "Tensor") -> "Tensor":
    """Return [N, *positions, D]; maps come as [N, D, height, width]."""
    return state.movedim(1, -1) if state.ndim == 4 else state
