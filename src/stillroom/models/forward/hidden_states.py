"""Hidden states: a model and inputs in, its logits and features out.

inputs [N, *shape] ──> logits [N, C], hidden states [N, *positions, D] of each layer ──> Features

Padding does not count as a position. The pieces of a pack are pooled one by one.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stillroom.data.text.token_layout import POSITIONS, TOKENS
from stillroom.errors import ModelError
from stillroom.models.forward.forward_kwargs import forward_kwargs, is_classifier
from stillroom.models.forward.one_piece_rows import (
    needs_one_piece_rows,
    outputs_of_pieces,
    piece_starts,
)
from stillroom.objectives.feature_batch import Features

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel


def logits_and_features(model: "PreTrainedModel", inputs: "Tensor") -> "tuple[Tensor, Features]":
    """Return logits [N, C], or [N, length, V], and features.

    Raises:
        ModelError: the architecture returns no hidden states.
    """
    logits, states = _outputs(model, inputs, output_hidden_states=True)
    if not states:
        raise ModelError(
            f"{type(model).__name__} returns no hidden states, which feature terms need. "
            "Choose another architecture, or an objective without feature terms."
        )
    layers = [_channels_last(one) for one in states]
    if inputs.is_floating_point():
        return logits, Features.of(layers)
    inside = inputs[:, TOKENS] >= 0
    if is_classifier(model):
        return logits, Features.of(layers, inside)
    return logits, Features.of_packs(layers, piece_starts(inputs), inside)


def logits_only(model: "PreTrainedModel", inputs: "Tensor") -> "tuple[Tensor, None]":
    """Return logits [N, C], and None instead of features."""
    return _outputs(model, inputs)[0], None


def _outputs(
    model: "PreTrainedModel", inputs: "Tensor", **options: bool
) -> "tuple[Tensor, Sequence[Tensor]]":
    """Return logits and, with `output_hidden_states`, the hidden states of each layer."""
    if not len(inputs) and not inputs.is_floating_point():
        # A micro-batch of a short batch. `transformers` cannot reshape attention over no rows.
        logits, states = _outputs(model, made_up_row(inputs), **options)
        return logits[:0], [state[:0] for state in states]
    is_packs = not inputs.is_floating_point() and not is_classifier(model)
    if is_packs and needs_one_piece_rows(model, inputs):
        return outputs_of_pieces(model, inputs, **options)
    out: Any = model(**forward_kwargs(model, inputs), **options)
    return out.logits, getattr(out, "hidden_states", None) or ()


def made_up_row(inputs: "Tensor") -> "Tensor":
    """Return one row [1, 3, length] of a made-up text, of the type and on the device of inputs."""
    row = inputs.new_zeros(1, *inputs.shape[1:])
    row[:, POSITIONS] += row.new_tensor(range(inputs.shape[2]))
    return row


def feature_width(model: "PreTrainedModel", shape: tuple[int, ...]) -> int:
    """Return D, the width of the pooled features, for inputs of a shape.

    Raises:
        ModelError: see `logits_and_features`.
    """
    import torch

    was_training = model.training
    kind = torch.int32 if model.main_input_name == "input_ids" else torch.float32
    inputs = torch.zeros(1, *shape, dtype=kind, device=model.device)
    with torch.no_grad():  # in evaluation mode the row changes no batch statistics
        _, features = logits_and_features(model.eval(), inputs)
    model.train(was_training)
    return features.pooled.shape[1]


def _channels_last(state: "Tensor") -> "Tensor":
    """Return [N, *positions, D]; feature maps come as [N, D, height, width]."""
    return state.movedim(1, -1) if state.ndim == 4 else state
