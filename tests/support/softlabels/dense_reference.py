"""Dense answers: logits, their distributions in float64, and their stored form.

logits ──softmax──> reference        logits ──encoded into a shard's bytes──> Decoded
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillroom.softlabels.capture.sparsify_rows import sparsify_rows
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.encode import encode_rows
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.format.shard import from_bytes, to_bytes
from stillroom.softlabels.sparsify.sparsifier import Sparsifier

Doubles = NDArray[np.float64]
Logits = NDArray[np.float32]


def normal_logits(rows: int, classes: int, scale: float = 3.0, seed: int = 0) -> Logits:
    """Return seeded logits [rows, classes] of a standard deviation."""
    draws = np.random.default_rng(seed).standard_normal((rows, classes))
    return (draws * scale).astype(np.float32)


def log_softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> Doubles:
    """Return log p in float64, by the definition."""
    scaled = logits.astype(np.float64) / temperature
    peak = scaled.max(axis=1, keepdims=True)
    return scaled - peak - np.log(np.exp(scaled - peak).sum(axis=1, keepdims=True))


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> Doubles:
    """Return p in float64."""
    return np.exp(log_softmax(logits, temperature))


def entropy(p: Doubles) -> Doubles:
    """Return the entropy of each row in nats, with 0 log 0 = 0."""
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)


def capture_of(sparsifier: Sparsifier, weights: str = "0" * 64) -> Capture:
    """Return a teacher's capture with this sparsifier."""
    return Capture(
        weights=weights,
        architecture="dense",
        preprocessing="encoder",
        augmentation="none",
        dtype="float32",
        sparsifier=sparsifier,
        seed=0,
        batch_size=4,
        libraries=("numpy",),
        device="cpu",
    )


def row(number: int, labels: Sequence[int] = (-1,), draw: int = 0) -> Row:
    """Return a row whose keys follow from a number."""
    name = number.to_bytes(16, "big")
    key = (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128).to_bytes(16, "little")
    return Row(name, key, "part", 0, draw, np.array(labels, dtype=np.int32))


def stored(
    logits: NDArray[np.floating],
    sparsifier: Sparsifier,
    rows: Sequence[Row] | None = None,
    answers: Sequence[int] | None = None,
    weights: str = "0" * 64,
) -> Decoded:
    """Return the content of a shard that was made of answers [n, C] or [n, positions, C].

    `rows` are one per answer, of one position, unless given; `answers` as `capture.sparse` wants.
    """
    kept = [row(number) for number in range(len(logits))] if rows is None else list(rows)
    of = range(len(logits)) if answers is None else answers
    capture, layout = capture_of(sparsifier, weights), Layout(sparsifier, logits.shape[-1])
    table = encode_rows(kept, sparsify_rows(logits, list(of), kept, capture), capture, layout)
    content = to_bytes(table, layout)
    return Decoded(from_bytes(content, Shard.of(content, len(kept)), layout), layout)
