"""The keyword arguments of a forward pass, for a batch of inputs.

    floats [N, *shape] ──> the main input of the model
    sequences [N, 3, length] ──> input_ids, position_ids, and a mask that separates the pieces
    texts [N, 3, length] ──to a classifier──> input_ids, and a mask that excludes padding

If a decoder of `transformers` gets neither a mask nor a cache, it detects the pieces by itself,
because the positions start at 0 in each of them. An encoder needs the mask.
"""

from typing import TYPE_CHECKING

from stillroom.data.text.token_layout import POSITIONS, TOKENS
from stillroom.errors import ModelError
from stillroom.models.position_limits import first_position

if TYPE_CHECKING:
    from torch import Tensor, dtype
    from transformers import PreTrainedModel


def forward_kwargs(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    """Return the keyword arguments of a forward pass."""
    if inputs.is_floating_point():
        return {model.main_input_name: inputs.to(model.dtype)}
    return _text_kwargs(model, inputs) if is_classifier(model) else _sequence_kwargs(model, inputs)


def _text_kwargs(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    tokens = inputs[:, TOKENS].long()
    is_padding = tokens < 0
    ids = tokens.masked_fill(is_padding, pad_token_id(model))
    return {"input_ids": ids, "attention_mask": (~is_padding).long()}


def pad_token_id(model: "PreTrainedModel") -> int:
    """Return the padding id of a model.

    Raises:
        ModelError: the config has no padding id. Without the id, a decoder would not find the last
            token of a text, and would take its logits from the padding.
    """
    padding = model.config.get_text_config().pad_token_id
    if padding is None:
        raise ModelError(
            f"The config of {type(model).__name__} has no pad_token_id, which is needed to pad "
            "texts to one length. Set it in config.json, for example to the value of eos_token_id."
        )
    return int(padding)


def is_classifier(model: "PreTrainedModel") -> bool:
    """Tell whether a model predicts one class for a whole text."""
    return type(model).__name__.endswith("ForSequenceClassification")


def _sequence_kwargs(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    tokens, positions = inputs[:, TOKENS].long(), inputs[:, POSITIONS].long()
    is_padding = tokens < 0
    padding = getattr(model.config.get_text_config(), "pad_token_id", None)
    kwargs: dict[str, Tensor | bool] = {
        "input_ids": tokens.masked_fill(is_padding, 0 if padding is None else padding),
        "position_ids": _continued_positions(positions, is_padding)
        + first_position(model.config.model_type, padding),
    }
    if is_decoder(model):
        return {**kwargs, "use_cache": False}
    return {**kwargs, "attention_mask": _piece_mask(positions, is_padding, model.dtype)}


def alone_kwargs(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    """Return the keyword arguments for rows of one piece each, without any for packs.

    Args:
        model: a language model.
        inputs: [P, 3, length]; a decoder may get padding, since nothing sees what comes after it.
    """
    tokens = inputs[:, TOKENS].long()
    is_padding = tokens < 0
    padding = getattr(model.config.get_text_config(), "pad_token_id", None)
    ids = tokens.masked_fill(is_padding, 0 if padding is None else padding)
    if is_decoder(model):
        return {"input_ids": ids, "use_cache": False}
    return {"input_ids": ids, "attention_mask": (~is_padding).long()}


def is_decoder(model: "PreTrainedModel") -> bool:
    """Tell whether a model attends only to the tokens before a position."""
    from transformers.models.auto import modeling_auto

    name = type(model).__name__
    if name in modeling_auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES.values():
        return bool(getattr(model.config, "causal", False))  # XLMWithLMHeadModel is either
    if "XLNet" in name:  # without a mask of permutations it sees both sides
        return False
    decoders = modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()
    return name.endswith("ForCausalLM") or name in decoders


def _continued_positions(positions: "Tensor", is_padding: "Tensor") -> "Tensor":
    """Return positions that continue through the padding, as if it belonged to the last piece.

    No labelled position attends to the padding. So a padded row of one piece gives the same logits
    as a row without padding.
    """
    import torch

    lengths = (~is_padding).sum(dim=1, keepdim=True)
    ends = positions.gather(1, (lengths - 1).clamp(min=0))
    columns = torch.arange(positions.shape[1], device=positions.device)
    return torch.where(is_padding, ends + 1 + columns - lengths, positions)


def _piece_mask(positions: "Tensor", is_padding: "Tensor", dtype: "dtype") -> "Tensor":
    """Return [N, 1, length, length]: 0 if a position attends to another, else the minimum."""
    import torch

    starts = torch.diff(positions, prepend=positions[:, :1] - 1, dim=1) != 1
    pieces = starts.cumsum(dim=1).masked_fill(is_padding, -1)
    attends = pieces[:, :, None] == pieces[:, None, :]
    mask = torch.zeros(attends.shape, dtype=dtype, device=positions.device)
    return mask.masked_fill(~attends, torch.finfo(mask.dtype).min)[:, None]
