"""Sequences through a language model: packs of tokens in, what it says where it is asked out.

    sequences [N, 3, length] ──alike ones together, at fixed shapes──> logits [n, positions, V]

In float32 a row's logits change in their last bits with the shape of the batch around it, and with
whether another row needs a mask. So a row goes with rows of its own kind: cut to the same length,
of one piece or of several. What kind it is depends on the row alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.data.encoders.sequence_encoder import LABELS, POSITIONS, TOKENS, Sequences
from stillroom.models.forward.hidden_states import logits_alone
from stillroom.models.forward.lm_head import output_layer

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

SHORTEST = 16


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """What rows of a batch have in common.

    Attributes:
        length: that they are cut to.
        is_whole: whether a row is one piece, asked for the next token at each place but the last.
    """

    length: int
    is_whole: bool


def kinds(inputs: Sequences) -> list[Kind]:
    """Return the kind of each row."""
    lengths = (inputs[:, TOKENS] >= 0).sum(axis=1)
    asked = inputs[:, LABELS] >= 0
    # Of two tokens the one that is hidden may be either.
    last = np.take_along_axis(asked, np.maximum(lengths - 1, 0)[:, None], axis=1)[:, 0]
    asked = asked.sum(axis=1) * ~last
    pieces = (inputs[:, POSITIONS] == 0).sum(axis=1)
    longest = inputs.shape[2]
    return [
        Kind(bucket(int(length), longest), bool(count == 1 and said == length - 1))
        for length, count, said in zip(lengths, pieces, asked, strict=True)
    ]


def batches_of_token_logits(
    model: "PreTrainedModel", inputs: Sequences, batch_size: int, outputs: int
) -> "Iterator[Tensor]":
    """Yield [n, positions, V] in the order of the rows, on the model's device.

    The first positions of each row are those where something is asked, in order.

    Args:
        model: of tokens.
        inputs: [N, 3, length].
        batch_size: rows of the full length in a batch; of shorter ones more fit.
        outputs: V, the ids that the tokenizer has; a model may have been given more.

    Raises:
        ModelError: the model has no output layer.
    """
    import torch

    of_rows, longest = kinds(inputs), inputs.shape[2]
    for kind, run in groupby(range(len(inputs)), of_rows.__getitem__):
        rows, size = list(run), batch_size * longest // kind.length
        for start in range(0, len(rows), size):
            some = inputs[rows[start : start + size], :, : kind.length]
            batch = torch.from_numpy(filled(some, size)).to(model.device)
            with torch.inference_mode(), _asked_first(model, batch, kind):
                logits, _ = logits_alone(model, batch)
            yield logits[: len(some), :, :outputs]


def logits_at(
    model: "PreTrainedModel", inputs: Sequences, places: Sequence[NDArray[np.int64]]
) -> "Tensor":
    """Return [M, V], row after row, with gradients; elsewhere no logits are ever computed.

    Args:
        model: of tokens.
        inputs: [N, 3, length].
        places: of each row, which of the positions where something is asked.

    Raises:
        ModelError: the model has no output layer.
    """
    import torch

    rows = np.repeat(np.arange(len(inputs)), [len(some) for some in places])
    asked = [np.flatnonzero(row >= 0) for row in inputs[:, LABELS]]
    columns = np.concatenate([every[some] for every, some in zip(asked, places, strict=True)])

    def some_of(layer: "Module", given: "tuple[Tensor, ...]") -> "tuple[Tensor, ...]":
        hidden, *others = given
        return hidden[rows, columns][None], *others

    hook = output_layer(model).register_forward_pre_hook(some_of)
    try:
        logits, _ = logits_alone(model, torch.from_numpy(inputs))
    finally:
        hook.remove()
    return logits[0]


@contextmanager
def _asked_first(model: "PreTrainedModel", batch: "Tensor", kind: Kind) -> Iterator[None]:
    """Let the output layer see the places that are asked before the others, in their order.

    Of whole rows these are all but the last. To put logits in order would copy them: an eighth of
    the time of a forward pass at 262,144 tokens.
    """
    if kind.is_whole:
        yield
        return
    order = (batch[:, LABELS] < 0).int().sort(dim=1, stable=True).indices[:, :, None]

    def ordered(layer: "Module", given: "tuple[Tensor, ...]") -> "tuple[Tensor, ...]":
        hidden, *others = given
        # Layers may be spread over devices.
        at = order.to(hidden.device).expand(-1, -1, hidden.shape[2])
        return hidden.gather(1, at), *others

    hook = output_layer(model).register_forward_pre_hook(ordered)
    try:
        yield
    finally:
        hook.remove()


def bucket(length: int, longest: int) -> int:
    """Return what a row is cut to: the least power of two that holds it, `longest` at most."""
    size = SHORTEST
    while size < length:
        size *= 2
    return min(size, longest)


def filled(rows: Sequences, size: int) -> Sequences:
    """Return `size` rows; the first one again fills the batch up."""
    filled = np.repeat(rows[:1], size, axis=0)
    filled[: len(rows)] = rows
    return filled
