"""Entries: what a sparsifier keeps of N distributions, as flat arrays.

The flat arrays hold the entries of one distribution after those of another. counts [N] says how
many entries each distribution has.

All arrays are numpy arrays on the CPU. The `encode` of a sparsifier turns them into columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class FullEntries:
    """Every logit.

    Attributes:
        logits: [N, C], float32, unscaled.
    """

    logits: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TopKEntries:
    """The largest classes of each distribution, by rising id.

    Attributes:
        counts: [N], int64; min(k, support).
        ids: [E], uint32.
        logits: [E], float32, unscaled.
        log_z: [N, T], float32, log of the sum over all classes of exp(logit / T).
        entropy: [N], float32, in nats, over all classes at temperature 1.
        log_p_label: [N], float32, log p of the hard label at temperature 1; NaN without a label.
    """

    counts: NDArray[np.int64]
    ids: NDArray[np.uint32]
    logits: NDArray[np.float32]
    log_z: NDArray[np.float32]
    entropy: NDArray[np.float32]
    log_p_label: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class SampleEntries:
    """The distinct ids that were drawn, rising, and how often each was drawn.

    Attributes:
        counts: [N], int64, the number of distinct ids.
        ids: [E], uint32.
        times: [E], uint16; they sum to the number of samples in each distribution.
        entropy, log_p_label: as in `TopKEntries`.
    """

    counts: NDArray[np.int64]
    ids: NDArray[np.uint32]
    times: NDArray[np.uint16]
    entropy: NDArray[np.float32]
    log_p_label: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ThresholdEntries:
    """Heads with their probabilities and tails of equal weight, both by rising id.

    Attributes:
        head_counts: [N], int64.
        head_ids: [H], uint32.
        head_p: [H], float64, before the codec rounds it.
        tail_counts: [N], int64.
        tail_ids: [E - H], uint32.
        entropy, log_p_label: as in `TopKEntries`.
    """

    head_counts: NDArray[np.int64]
    head_ids: NDArray[np.uint32]
    head_p: NDArray[np.float64]
    tail_counts: NDArray[np.int64]
    tail_ids: NDArray[np.uint32]
    entropy: NDArray[np.float32]
    log_p_label: NDArray[np.float32]


Entries = TypeVar("Entries")


def concatenate_entries(parts: Sequence[Entries]) -> Entries:
    """Return the entries of consecutive batches as one object.

    Args:
        parts: dataclasses of one type, whose fields are arrays.
    """
    kind: Any = type(parts[0])
    joined: Entries = kind(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(kind)
        }
    )
    return joined
