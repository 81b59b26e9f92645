"""Sequences for an ONNX file: packs of pieces in, logits at the labelled positions out.

    sequences [N, 3, length] ──each piece as a text of its own──> batches of one length
    logits of the pieces ──labelled positions, in order──> [N, positions, V]

An exported model takes `input_ids` and `attention_mask`, which know nothing of pieces. In a pack no
piece sees another, so each piece is run as one text.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.data.text.token_layout import LABELS, NO_TOKEN, POSITIONS, TOKENS, Sequences
from stillroom.models.forward.length_buckets import bucket_length, padded_batch
from stillroom.models.forward.text_logits import TOKENS_PER_BATCH

Floats = NDArray[np.float32]


def sequence_logits(
    run: Callable[[NDArray[Any]], Floats], inputs: Sequences, batch_size: int
) -> Floats:
    """Return logits [N, positions, V]; those of a row's labelled positions come first, in order.

    Args:
        run: returns logits [n, length, V] of texts [n, 3, length].
        inputs: [N, 3, length], N at least 1.
        batch_size: the largest number of pieces in a batch.
    """
    pieces = list(_pieces(inputs))
    at_labels: list[Floats] = [np.empty((0, 0), np.float32)] * len(pieces)
    lengths = np.array([bucket_length(piece.shape[1], inputs.shape[2]) for _, piece in pieces])
    for length in np.unique(lengths).tolist():
        size = max(1, min(batch_size, TOKENS_PER_BATCH // length))
        numbers = np.flatnonzero(lengths == length)
        for start in range(0, len(numbers), size):
            some = numbers[start : start + size]
            texts = np.stack([_padded(pieces[number][1], length) for number in some])
            logits = run(padded_batch(texts, size))
            for number, own in zip(some, logits, strict=False):
                columns = np.flatnonzero(pieces[number][1][LABELS] >= 0)
                at_labels[number] = own[columns]
    return _rows([row for row, _ in pieces], at_labels, len(inputs))


def _pieces(inputs: Sequences) -> Iterator[tuple[int, NDArray[np.int32]]]:
    """Yield the row and the columns [3, n] of each piece, in order."""
    for row, sequence in enumerate(inputs):
        filled = sequence[:, sequence[TOKENS] >= 0]
        starts = np.flatnonzero(filled[POSITIONS] == 0)
        for piece in np.split(filled, starts[1:], axis=1):
            yield row, piece


def _padded(piece: NDArray[np.int32], length: int) -> NDArray[np.int32]:
    text = np.full((3, length), NO_TOKEN, dtype=np.int32)
    text[:, : piece.shape[1]] = piece
    return text


def _rows(owners: list[int], at_labels: list[Floats], count: int) -> Floats:
    """Return the logits of all pieces of each row side by side, padded with zeros."""
    by_row: list[list[Floats]] = [[] for _ in range(count)]
    for row, logits in zip(owners, at_labels, strict=True):
        by_row[row].append(logits)
    joined = [np.concatenate(parts) for parts in by_row]
    table = np.zeros((count, max(map(len, joined)), joined[0].shape[1]), np.float32)
    for row, logits in enumerate(joined):
        table[row, : len(logits)] = logits
    return table
