"""Forward passes over texts: rows of tokens in, outputs in the order of the rows out.

    texts [N, 3, length] ──batches of one length, at fixed shapes──> outputs [N, …]

The last bits of a row's logits depend on the shape of the batch. So a row is cut to the smallest
power of two that holds it, and each of these lengths has one batch size: both depend only on the
row. Padding is masked, so its content changes nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import TOKENS, Sequences
from stillroom.models.forward.length_buckets import bucket_length, padded_batch

if TYPE_CHECKING:
    from torch import Tensor

# The last batch of each length is padded, so a smaller number wastes less. From 256 tokens on,
# MiniLM takes 0.19 ms a token on one core.
TOKENS_PER_BATCH = 512

Forward = Callable[["Tensor"], "tuple[Tensor, ...]"]


def is_tokens(inputs: NDArray[Any]) -> bool:
    """Tell whether inputs are token ids, not floats."""
    return inputs.dtype.kind == "i"


def outputs_in_order(forward: Forward, inputs: Sequences, batch_size: int) -> "tuple[Tensor, ...]":
    """Return the outputs of `forward` for each row, in the order of the rows.

    Args:
        forward: a function that returns tensors of n rows for a batch [n, 3, at most length].
        inputs: [N, 3, length], N at least 1.
        batch_size: the largest number of rows in a batch.
    """
    import torch

    return in_order(
        (rows, forward(torch.from_numpy(padded_batch(inputs[rows, :, :length], size))))
        for rows, length, size in fixed_batches(inputs, batch_size)
    )


def fixed_batches(
    inputs: Sequences, batch_size: int
) -> Iterator[tuple[NDArray[np.int64], int, int]]:
    """Yield the rows of each batch, the length that it is cut to, and the size it is padded to.

    Args:
        inputs: [N, 3, length].
        batch_size: the largest number of rows in a batch.
    """
    lengths = (inputs[:, TOKENS] >= 0).sum(axis=1)
    buckets = np.array([bucket_length(int(length), inputs.shape[2]) for length in lengths])
    for length in np.unique(buckets).tolist():
        rows = np.flatnonzero(buckets == length)
        size = max(1, min(batch_size, TOKENS_PER_BATCH // length))
        for start in range(0, len(rows), size):
            yield rows[start : start + size], length, size


def in_order(
    batches: "Iterable[tuple[NDArray[np.int64], tuple[Tensor, ...]]]",
) -> "tuple[Tensor, ...]":
    """Return the outputs of batches in the order of their rows; what pads a batch is dropped."""
    import torch

    order, outputs = [], []
    for rows, batch in batches:
        order.append(rows)
        outputs.append([output[: len(rows)] for output in batch])
    back = torch.from_numpy(np.argsort(np.concatenate(order)))
    return tuple(torch.cat(every)[back.to(every[0].device)] for every in zip(*outputs, strict=True))


def trimmed(inputs: "Tensor") -> "Tensor":
    """Return texts [N, 3, length] without the columns that are padding in every row."""
    lengths = (inputs[:, TOKENS] >= 0).sum(dim=1)
    return inputs[:, :, : max(1, int(lengths.max()))] if len(inputs) else inputs
