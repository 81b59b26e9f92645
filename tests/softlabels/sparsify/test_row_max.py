"""Peaks: maxima by hand, and what is refused where a logit first comes in."""

import math

import pytest
import torch

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.row_max import load, padded, peaked


def test_rows_are_padded_to_whole_blocks_of_128_or_not_at_all_below() -> None:
    assert [padded(classes) for classes in (2, 127, 128, 129, 300)] == [2, 127, 128, 256, 384]


def test_maxima_by_hand() -> None:
    logits = torch.full((2, 300), -math.inf)
    logits[0, 0], logits[0, 31], logits[0, 32], logits[1, 299] = 1.0, 2.0, -3.0, 5.0
    loaded = load(logits)
    assert loaded.maxima.shape == (2, 12)
    assert loaded.maxima[0].tolist() == [2.0, -3.0, *[-math.inf] * 10]
    assert loaded.maxima[1].tolist() == [*[-math.inf] * 9, 5.0, -math.inf, -math.inf]
    assert loaded.peak.tolist() == peaked(logits).peak.tolist() == [2.0, 5.0]


def test_only_what_must_be_copied_is() -> None:
    whole = torch.zeros(3, 256)
    assert load(whole).values.data_ptr() == whole.data_ptr()
    assert load(whole[:, :255]).values.data_ptr() != whole.data_ptr()
    assert load(whole.half()).values.dtype == torch.float32


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("row", [0, 2])
def test_nan_and_infinity_are_refused_with_their_row(bad: float, row: int) -> None:
    logits = torch.zeros(3, 5)
    logits[row, 4] = bad
    with pytest.raises(SoftLabelError, match=f"row {row} of a batch holds NaN or infinity"):
        peaked(logits)
    with pytest.raises(SoftLabelError, match=f"row {row + 40} "):
        peaked(logits, first=40)


def test_a_row_without_any_mass_is_refused() -> None:
    with pytest.raises(SoftLabelError, match="row 1"):
        peaked(torch.tensor([[0.0, -math.inf], [-math.inf, -math.inf]]))
