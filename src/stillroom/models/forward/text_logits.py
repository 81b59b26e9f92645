"""Texts through a classifier: rows of tokens in, answers in the order of the rows out.

    texts [N, 3, length] ──rows of one length together, at fixed shapes──> answers [N, …]

As everywhere, a row's last bits depend on the shape of the batch around it. So a row is cut to the
least power of two that holds it, and the batch has a size of its own for each such length: both
depend on the row alone. Padding is masked, and what stands there changes nothing.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.encoders.sequence_encoder import TOKENS, Sequences
from stillroom.models.forward.sequence_logits import bucket, filled

if TYPE_CHECKING:
    from torch import Tensor

# Tokens of a batch. The last one of a length is filled up, so smaller wastes less; MiniLM takes
# 0.19 ms a token on one core from 256 tokens on.
AT_ONCE = 512

Ask = Callable[["Tensor"], "tuple[Tensor, ...]"]


def is_tokens(inputs: NDArray[Any]) -> bool:
    """Tell whether inputs are tokens, not numbers."""
    return inputs.dtype.kind == "i"


def answered(ask: Ask, inputs: Sequences, batch_size: int) -> "tuple[Tensor, ...]":
    """Return what is said of each row, in the order of the rows.

    Args:
        ask: gives tensors of n rows for a batch [n, 3, at most length].
        inputs: [N, 3, length], N at least 1.
        batch_size: rows of a batch, at most.
    """
    import torch

    lengths = (inputs[:, TOKENS] >= 0).sum(axis=1)
    buckets = np.array([bucket(int(length), inputs.shape[2]) for length in lengths])
    places, found = [], []
    for length in np.unique(buckets).tolist():
        rows, size = np.flatnonzero(buckets == length), max(1, min(batch_size, AT_ONCE // length))
        for start in range(0, len(rows), size):
            some = rows[start : start + size]
            batch = torch.from_numpy(filled(inputs[some, :, :length], size))
            found.append([said[: len(some)] for said in ask(batch)])
            places.append(some)
    order = torch.from_numpy(np.argsort(np.concatenate(places)))
    return tuple(torch.cat(parts)[order.to(parts[0].device)] for parts in zip(*found, strict=True))


def cropped(inputs: "Tensor") -> "Tensor":
    """Return texts [N, 3, length] without the columns that are padding in every row."""
    lengths = (inputs[:, TOKENS] >= 0).sum(dim=1)
    return inputs[:, :, : max(1, int(lengths.max()))] if len(inputs) else inputs
