"""Arguments: a batch of inputs in, what a model is called with out.

    floats [N, *shape] ──> the model's main input
    sequences [N, 3, length] ──> input_ids, position_ids, and the mask that keeps pieces apart
    texts [N, 3, length] ──to a classifier──> input_ids, and the mask that keeps padding out

A decoder of `transformers` sees from positions that begin anew where another piece begins, if it is
given no mask and no cache. An encoder is given the mask itself.
"""

from typing import TYPE_CHECKING

from stillroom.data.encoders.sequence_encoder import POSITIONS, TOKENS
from stillroom.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, dtype
    from transformers import PreTrainedModel


def arguments(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    """Return the keyword arguments of a call of the model."""
    if inputs.is_floating_point():
        return {model.main_input_name: inputs.to(model.dtype)}
    return _of_texts(model, inputs) if is_classifier(model) else _of_sequences(model, inputs)


def _of_texts(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    tokens = inputs[:, TOKENS].long()
    is_padding = tokens < 0
    ids = tokens.masked_fill(is_padding, padding_of(model))
    return {"input_ids": ids, "attention_mask": (~is_padding).long()}


def padding_of(model: "PreTrainedModel") -> int:
    """Return the id that fills a text up.

    Raises:
        ModelError: the config names none. A decoder finds the last token of a text by it, and
            without it would read off what stands in the padding.
    """
    padding = model.config.get_text_config().pad_token_id
    if padding is None:
        raise ModelError(
            f"{type(model).__name__} names no pad_token_id, which fills texts up to one length. "
            "Name one in its config.json, as eos_token_id is."
        )
    return int(padding)


def is_classifier(model: "PreTrainedModel") -> bool:
    """Tell whether a model of tokens says one thing of a whole text."""
    return type(model).__name__.endswith("ForSequenceClassification")


def _of_sequences(model: "PreTrainedModel", inputs: "Tensor") -> "dict[str, Tensor | bool]":
    tokens, positions = inputs[:, TOKENS].long(), inputs[:, POSITIONS].long()
    is_padding = tokens < 0
    padding = model.config.pad_token_id
    found: dict[str, Tensor | bool] = {
        "input_ids": tokens.masked_fill(is_padding, 0 if padding is None else padding),
        "position_ids": _continued(positions, is_padding) + first_position(model),
    }
    if is_decoder(model):
        return {**found, "use_cache": False}
    return {**found, "attention_mask": _apart(positions, is_padding, model.dtype)}


def is_decoder(model: "PreTrainedModel") -> bool:
    """Tell whether a model sees nothing of what follows."""
    return type(model).__name__.endswith("ForCausalLM") or "LMHead" in type(model).__name__


def first_position(model: "PreTrainedModel") -> int:
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
