"""Entries of consecutive batches equal those of one batch."""

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from stillroom.softlabels.sparsify.entries import (
    FullEntries,
    SampleEntries,
    ThresholdEntries,
    TopKEntries,
    concatenate_entries,
)

ONE, TWO = np.array([0.5], np.float32), np.array([0.25, 0.75], np.float32)
IDS, MORE = np.array([3], np.uint32), np.array([0, 7, 9], np.uint32)
WEIGHTS, COUNTS = np.array([1, 2, 3], np.float32), np.array([2, 1])


def of(first: bool) -> list[Any]:
    """Return for each kind one distribution of one entry, or two of three entries."""
    ids, counts, beside = (IDS, np.array([1]), ONE) if first else (MORE, COUNTS, TWO)
    values = WEIGHTS[: len(ids)]
    log_z = np.tile(beside[:, None], (1, 2))
    return [
        FullEntries(logits=np.tile(beside[:, None], (1, 4))),
        TopKEntries(counts, ids, values, log_z, beside, beside),
        SampleEntries(counts, ids, values.astype(np.uint16), beside, beside),
        ThresholdEntries(counts, ids, values.astype(np.float64), counts, ids, beside, beside),
    ]


@pytest.mark.parametrize("kind", range(4))
def test_batches_follow_each_other_in_every_column(kind: int) -> None:
    first, second = of(first=True)[kind], of(first=False)[kind]
    both = concatenate_entries([first, second])
    assert type(both) is type(first)
    for name in (field.name for field in fields(both)):
        ours, before, after = (getattr(one, name) for one in (both, first, second))
        assert ours.dtype == before.dtype
        assert ours.tolist() == before.tolist() + after.tolist()
