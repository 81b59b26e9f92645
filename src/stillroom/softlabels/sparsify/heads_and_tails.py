"""Heads and tails: the entries of a threshold at their coordinates."""

import numpy as np
from numpy.typing import NDArray

from stillroom.softlabels.columns.coordinates import Coordinates, owners_of
from stillroom.softlabels.sparsify.entries import ThresholdEntries


def heads_and_tails(entries: ThresholdEntries, heads: NDArray[np.generic]) -> Coordinates:
    """Return the value of each head, and 0 for each tail.

    Args:
        entries: of all positions.
        heads: the value of each head, [H], not 0.
    """
    return Coordinates(
        np.concatenate([owners_of(entries.head_counts), owners_of(entries.tail_counts)]),
        np.concatenate([entries.head_ids, entries.tail_ids]),
        np.concatenate([heads, np.zeros(len(entries.tail_ids), dtype=heads.dtype)]),
    )
