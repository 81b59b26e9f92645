"""The trial of a model: does a piece in a pack get the logits that it gets alone?

    model ──pack of made-up tokens──> logits ──┐
          ──each piece alone──────────> logits ─┼──equal, up to rounding?──> is_apart
          ──pack with another first piece──────┘

The third pass finds weak leaks: in a new model, what a piece sees of another one may change its
logits by 1e-4, as much as a larger shape may in half precision. But the shapes of both packs are
equal, so that even the last bits of the later pieces must be. (Those of a mixture of experts may
differ, since other tokens share a product.) Measured with models of two layers and random weights,
float32, relative to the largest logit: 5e-7 at most alone and 0 for 20 architectures that keep
pieces apart; at least 2e-4 and 1e-4 for those that do not.
"""

from typing import TYPE_CHECKING, Any

from stillroom.data.text.token_layout import NO_TOKEN
from stillroom.models.forward.forward_kwargs import alone_kwargs, forward_kwargs
from stillroom.models.position_limits import longest_input

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import PreTrainedModel

SHORT = 15  # tokens of a pack, unless it is longer
# The largest differences, relative to the largest logit, by the bytes of a number.
ALONE = {8: 1e-4, 4: 1e-4, 2: 5e-2}
CHANGED = {8: 1e-5, 4: 1e-5, 2: 1e-2}


def is_apart(model: "PreTrainedModel", length: int) -> bool:
    """Tell whether a model keeps the pieces of a pack apart.

    Args:
        model: a language model; it runs in evaluation mode, and its mode is restored.
        length: the length of the pack, at least; shorter if the model takes fewer tokens.
    """
    import torch

    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            return _is_apart(model, _lengths(model, length))
    finally:
        model.train(was_training)


def _is_apart(model: "PreTrainedModel", lengths: list[int]) -> bool:
    import torch

    pack, changed = _packs(model, lengths)
    pieces = [model(**alone_kwargs(model, one)).logits for one in pack.split(lengths, dim=2)]
    alone = torch.cat(pieces, dim=1)
    try:
        packed, other = (model(**forward_kwargs(model, one)).logits for one in (pack, changed))
    except Exception:  # a model without positions, or without such a mask, raises in its own way
        return False
    largest, size = alone.abs().max(), alone.element_size()
    offset = (packed - alone).abs().max()
    leak = (packed - other)[:, lengths[0] :].abs().max()
    return bool(offset <= ALONE[size] * largest) and bool(leak <= CHANGED[size] * largest)


def _lengths(model: "PreTrainedModel", length: int) -> list[int]:
    """Return the lengths of three pieces, of which the first is the longest."""
    limit = longest_input(model.config.get_text_config())
    total = max(SHORT, length) if limit is None else min(max(SHORT, length), limit)
    second, third = max(1, total // 3), max(1, total // 4)
    return [max(1, total - second - third), second, third]


def _packs(model: "PreTrainedModel", lengths: list[int]) -> "tuple[Tensor, Tensor]":
    """Return two packs [2, 3, length] of made-up tokens that differ in their first piece."""
    import torch

    config: Any = model.config.get_text_config()
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(0, config.vocab_size, (2, 2, sum(lengths)), generator=generator)
    padding = getattr(config, "pad_token_id", None)
    if padding is not None:
        tokens[tokens == padding] = (padding + 1) % config.vocab_size
    tokens[1, :, lengths[0] :] = tokens[0, :, lengths[0] :]
    positions = torch.cat([torch.arange(length) for length in lengths]).expand_as(tokens[0])
    nothing = torch.full_like(positions, NO_TOKEN)
    first, second = (
        torch.stack([some, positions, nothing], dim=1).int().to(model.device) for some in tokens
    )
    return first, second
