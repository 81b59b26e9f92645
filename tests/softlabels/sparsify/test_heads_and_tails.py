"""Heads and tails: heads have their value, tails have 0."""

import numpy as np

from stillroom.softlabels.sparsify.entries import ThresholdEntries
from stillroom.softlabels.sparsify.heads_and_tails import heads_and_tails


def test_a_tail_has_the_value_zero_at_its_own_coordinate() -> None:
    entries = ThresholdEntries(
        head_counts=np.array([1, 0]),
        head_ids=np.array([4], np.uint32),
        head_p=np.array([0.5]),
        tail_counts=np.array([1, 2]),
        tail_ids=np.array([2, 0, 3], np.uint32),
        entropy=np.zeros(2, np.float32),
        log_p_label=np.zeros(2, np.float32),
    )
    coordinates = heads_and_tails(entries, np.array([180], np.uint8))
    assert coordinates.owners.tolist() == [0, 0, 1, 1]
    assert coordinates.ids.tolist() == [4, 2, 0, 3]
    assert coordinates.values.tolist() == [180, 0, 0, 0]
    assert coordinates.values.dtype == np.uint8
