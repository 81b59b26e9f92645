"""Logit rows: every logit is stored, so that each temperature is exact."""

import numpy as np
import pyarrow as pa
import pytest
from support.softlabels.dense_reference import entropy, softmax

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.logit_rows import LogitRows, logits_of_rows

LOGITS = np.array([[0, 1, 2], [3, 0, -1], [1, 1, -np.inf]], np.float32)


def table(*lengths: int) -> pa.Table:
    """Return a table whose rows have these numbers of values."""
    ends = np.cumsum(lengths)
    rows = [LOGITS.ravel()[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    return pa.table({"logits": pa.array(rows, pa.list_(pa.float32()))})


def test_distributions_and_entropy_are_those_of_the_logits() -> None:
    rows = LogitRows(table(6, 3), 3)
    assert rows.positions.tolist() == [0, 2, 3]
    for temperature in (1.0, 2.5):
        expected = softmax(LOGITS.astype(np.float64) / temperature)
        assert np.abs(rows.distributions(temperature).dense() - expected).max() < 1e-12
    assert np.abs(rows.entropy - entropy(softmax(LOGITS.astype(np.float64)))).max() < 1e-12
    assert np.isnan(rows.log_p_label).tolist() == [True] * 3


def test_a_row_must_hold_whole_positions() -> None:
    with pytest.raises(SoftLabelError, match="not a multiple of 3 classes"):
        _ = LogitRows(table(4, 5), 3).positions


def test_the_logits_of_shorter_rows_are_padded_with_zeros() -> None:
    dense = logits_of_rows(table(3, 6), 3)
    assert dense.shape == (2, 2, 3)
    assert dense[0].tolist() == [[0, 1, 2], [0, 0, 0]]
    assert dense[1].tolist() == LOGITS[1:].tolist()
