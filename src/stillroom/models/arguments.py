"""Arguments: a batch of inputs in, what a model is called with out.

    floats [N, *shape] ──> the model's main input
    sequences [N, 3, length] ──> input_ids, position_ids, and the mask that keeps pieces apart

A decoder of `transformers` sees from positions that begin anew where another piece begins, if it is
given no mask and no cache. An encoder is given the mask itself.
"""

from typing import TYPE_CHECKING

from stillroom.data.encoders.sequences import POSITIONS, TOKENS

if TYPE_CHECKING:
    from torch import Tensor, dtype
    from transformers import PreTrainedModel


def arguments(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    """Return the keyword arguments of a call of the model."""
    if inputs.is_floating_point():
        return {model.main_input_name: inputs.to(model.dtype)}
    return _of_sequences(model, inputs)


def _of_sequences(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    tokens, positions = inputs[:, TOKENS].long(), inputs[:, POSITIONS].long()
    is_padding = tokens < 0
    padding = model.config.pad_token_id
    found: dict[str, Tensor | bool] = {
        "input_ids": tokens.masked_fill(is_padding, 0 if padding is None else padding),
        "position_ids": _continued(positions, is_padding) + _first_position(model),
    }
    if is_decoder(model):
        return {**found, "use_cache": False}
    return {**found, "attention_mask": _apart(positions, is_padding, model.dtype)}


def is_decoder(model: "PreTrainedModel") -> bool:
    """Tell whether a model sees nothing of what follows."""
    return type(model).__name__.endswith("ForCausalLM") or "LMHead" in type(model).__name__


def _first_position(model: "PreTrainedModel") -> int:
    """Return what a model calls the first position: RoBERTa and its kin begin after the padding."""
    embeddings = getattr(model.base_model, "embeddings", None)
    counts_itself = hasattr(embeddings, "create_position_ids_from_input_ids")
    return int(model.config.pad_token_id or 0) + 1 if counts_itself else 0


def _continued(positions: "Tensor", is_padding: "Tensor") -> "Tensor":
    """Return positions that go on through the padding, as if it belonged to the last piece.

    Nothing that is asked for looks at it; a row of one piece is then like one without padding.
    """
    import torch

    lengths = (~is_padding).sum(dim=1, keepdim=True)
    ends = positions.gather(1, (lengths - 1).clamp(min=0))
    places = torch.arange(positions.shape[1], device=positions.device)
    return torch.where(is_padding, ends + 1 + places - lengths, positions)


def _apart(positions: "Tensor", is_padding: "Tensor", dtype: "dtype") -> "Tensor":
    """Return [N, 1, length, length]: 0 where a place sees another, the least number elsewhere."""
    import torch

    starts = torch.diff(positions, prepend=positions[:, :1] - 1, dim=1) != 1
    pieces = starts.cumsum(dim=1).masked_fill(is_padding, -1)
    sees = pieces[:, :, None] == pieces[:, None, :]
    mask = torch.zeros(sees.shape, dtype=dtype, device=positions.device)
    return mask.masked_fill(~sees, torch.finfo(mask.dtype).min)[:, None]
