"""Length buckets: to which length a row of tokens is padded, and how a batch is filled up.

    length of a row ──bucket_length──> 16, 32, 64, … or the longest
    rows ──padded_batch──> as many rows as the batch has

The last bits of a row's logits depend on the shape of its batch. So length and batch size must
depend only on the row itself.
"""

import numpy as np

from stillroom.data.text.token_layout import Sequences

SHORTEST = 16


def bucket_length(length: int, longest: int) -> int:
    """Return the length that a row is cut to: the smallest power of two that fits, or `longest`."""
    size = SHORTEST
    while size < length:
        size *= 2
    return min(size, longest)


def padded_batch(rows: Sequences, size: int) -> Sequences:
    """Return `size` rows: `rows`, then copies of the first one."""
    batch = np.repeat(rows[:1], size, axis=0)
    batch[: len(rows)] = rows
    return batch
