"""Forward passes over sequences: packs of tokens in, logits at the labelled positions out.

    sequences [N, 3, length] ──batches of one key, fixed shapes──> logits [n, positions, V]
                                                             └───> Features of their pieces

In float32 the last bits of a row's logits depend on the shape of the batch, and on whether another
row in it needs a mask. So a batch holds only rows with the same key: they are cut to the same
length, and either all of them are one piece, or none is. The key of a row depends only on that row.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import LABELS, POSITIONS, TOKENS, Sequences
from stillroom.models.forward.hidden_states import logits_and_features, logits_only
from stillroom.models.forward.length_buckets import bucket_length, padded_batch
from stillroom.models.forward.lm_head import output_layer
from stillroom.models.forward.one_piece_rows import needs_one_piece_rows

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module
    from transformers import PreTrainedModel

    from stillroom.objectives.feature_batch import Features

    Forward = Callable[[PreTrainedModel, Tensor], tuple[Tensor, Features | None]]


@dataclass(frozen=True, slots=True, order=True)
class BatchKey:
    """The properties that the rows of a batch share.

    Attributes:
        length: the number of tokens that the rows are cut to.
        is_whole: whether a row is one piece, with a label at each position but the last.
    """

    length: int
    is_whole: bool


def batch_keys(inputs: Sequences) -> list[BatchKey]:
    """Return the batch key of each row."""
    lengths = (inputs[:, TOKENS] >= 0).sum(axis=1)
    has_label = inputs[:, LABELS] >= 0
    # In a row of two tokens, either of them may be masked.
    last = np.take_along_axis(has_label, np.maximum(lengths - 1, 0)[:, None], axis=1)[:, 0]
    labels = has_label.sum(axis=1) * ~last
    pieces = (inputs[:, POSITIONS] == 0).sum(axis=1)
    longest = inputs.shape[2]
    return [
        BatchKey(bucket_length(int(length), longest), bool(count == 1 and labelled == length - 1))
        for length, count, labelled in zip(lengths, pieces, labels, strict=True)
    ]


def batches_of_token_logits(
    model: "PreTrainedModel", inputs: Sequences, batch_size: int, outputs: int
) -> "Iterator[Tensor]":
    """Yield [n, positions, V] in the order of the rows, on the model's device.

    The first positions of each row are those with a label, in order.

    Args:
        model: a language model.
        inputs: [N, 3, length].
        batch_size: the number of rows in a batch of the full length; shorter batches have more.
        outputs: V, how many ids the tokenizer has; the model may have more.

    Raises:
        ModelError: the model has no output layer.
    """
    for logits, _ in _batches(model, inputs, batch_size, logits_only):
        yield logits[:, :, :outputs]


def batches_of_token_logits_and_features(
    model: "PreTrainedModel", inputs: Sequences, batch_size: int, outputs: int
) -> "Iterator[tuple[Tensor, Features]]":
    """Yield the same, with the pooled features of each piece, from the same forward pass.

    Raises:
        ModelError: the model has no output layer, or the architecture returns no hidden states.
    """
    for logits, features in _batches(model, inputs, batch_size, logits_and_features):
        if features is not None:
            yield logits[:, :, :outputs], _of_first_rows(features, len(logits))


def _batches(
    model: "PreTrainedModel", inputs: Sequences, batch_size: int, forward: "Forward"
) -> "Iterator[tuple[Tensor, Features | None]]":
    """Yield logits [n, positions, V], and the features of the batch with what fills it up."""
    import torch

    keys, longest = batch_keys(inputs), inputs.shape[2]
    for key, run in groupby(range(len(inputs)), keys.__getitem__):
        rows, size = list(run), batch_size * longest // key.length
        for start in range(0, len(rows), size):
            some = inputs[rows[start : start + size], :, : key.length]
            batch = torch.from_numpy(padded_batch(some, size)).to(model.device)
            with torch.inference_mode():  # it ends before the caller gets the batch
                result = _labelled_logits(model, batch, key, len(some), forward)
            yield result


def _of_first_rows(features: "Features", rows: int) -> "Features":
    """Return the pooled features of the first packs of a batch."""
    from stillroom.objectives.feature_batch import Features

    if features.pieces is None:
        return Features(features.pooled[:rows])
    pieces = features.pieces[:rows]
    return Features(features.pooled[: int(pieces.sum())], pieces=pieces)


def _labelled_logits(
    model: "PreTrainedModel", batch: "Tensor", key: BatchKey, rows: int, forward: "Forward"
) -> "tuple[Tensor, Features | None]":
    """Return [rows, positions, V] for the first rows of a batch, labelled positions first."""
    if needs_one_piece_rows(model, batch):
        logits, features = forward(model, batch[:rows])
        order = _labelled_first(batch[:rows]).expand(-1, -1, logits.shape[2])
        return logits.gather(1, order), features
    with _labelled_positions_first(model, batch, key):
        logits, features = forward(model, batch)
    return logits[:rows], features


def _labelled_first(batch: "Tensor") -> "Tensor":
    """Return [N, length, 1]: the order of columns that puts those with a label first."""
    return (batch[:, LABELS] < 0).int().sort(dim=1, stable=True).indices[:, :, None]


def logits_at(
    model: "PreTrainedModel", inputs: Sequences, places: Sequence[NDArray[np.int64]]
) -> "Tensor":
    """Return logits [M, V] at chosen positions, with gradients. No other logits are computed.

    Args:
        model: a language model.
        inputs: [N, 3, length].
        places: for each row, indices into its labelled positions.

    Raises:
        ModelError: the model has no output layer.
    """
    import torch

    labelled = [np.flatnonzero(row >= 0) for row in inputs[:, LABELS]]
    each = [every[some] for every, some in zip(labelled, places, strict=True)]
    sequences = torch.from_numpy(inputs)
    if needs_one_piece_rows(model, sequences):
        pairs = zip(sequences.split(1), each, strict=True)
        return torch.cat([logits_only(model, row)[0][0, some] for row, some in pairs])
    rows = np.repeat(np.arange(len(inputs)), [len(some) for some in places])
    columns = np.concatenate(each)

    def selected(layer: "Module", args: "tuple[Tensor, ...]") -> "tuple[Tensor, ...]":
        hidden, *others = args
        return hidden[rows, columns][None], *others

    hook = output_layer(model).register_forward_pre_hook(selected)
    try:
        logits, _ = logits_only(model, sequences)
    finally:
        hook.remove()
    return logits[0]


@contextmanager
def _labelled_positions_first(
    model: "PreTrainedModel", batch: "Tensor", key: BatchKey
) -> Iterator[None]:
    """Move the labelled positions to the front of the output layer's inputs, in their order.

    In whole rows they are already at the front: all positions but the last. To sort the logits
    instead would copy them, which takes an eighth of the time of a forward pass with 262,144
    tokens.
    """
    if key.is_whole:
        yield
        return
    order = _labelled_first(batch)

    def ordered(layer: "Module", args: "tuple[Tensor, ...]") -> "tuple[Tensor, ...]":
        hidden, *others = args
        # The layers may be on different devices.
        at = order.to(hidden.device).expand(-1, -1, hidden.shape[2])
        return hidden.gather(1, at), *others

    hook = output_layer(model).register_forward_pre_hook(ordered)
    try:
        yield
    finally:
        hook.remove()
