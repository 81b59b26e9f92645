"""Row maxima: numbers by hand, and the logits that are refused."""

import math

import pytest
import torch

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.rules.row_max import padded_logits, padded_width, with_row_max


def test_rows_are_padded_to_whole_blocks_of_128_or_not_at_all_below() -> None:
    assert [padded_width(classes) for classes in (2, 127, 128, 129, 300)] == [2, 127, 128, 256, 384]


def test_maxima_by_hand() -> None:
    logits = torch.full((2, 300), -math.inf)
    logits[0, 0], logits[0, 31], logits[0, 32], logits[1, 299] = 1.0, 2.0, -3.0, 5.0
    padded = padded_logits(logits)
    assert padded.maxima.shape == (2, 12)
    assert padded.maxima[0].tolist() == [2.0, -3.0, *[-math.inf] * 10]
    assert padded.maxima[1].tolist() == [*[-math.inf] * 9, 5.0, -math.inf, -math.inf]
    assert padded.row_max.tolist() == with_row_max(logits).row_max.tolist() == [2.0, 5.0]


def test_logits_are_copied_only_if_necessary() -> None:
    whole = torch.zeros(3, 256)
    assert padded_logits(whole).values.data_ptr() == whole.data_ptr()
    assert padded_logits(whole[:, :255]).values.data_ptr() != whole.data_ptr()
    assert padded_logits(whole.half()).values.dtype == torch.float32


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("row", [0, 2])
def test_nan_and_infinity_are_refused_with_their_row(bad: float, row: int) -> None:
    logits = torch.zeros(3, 5)
    logits[row, 4] = bad
    with pytest.raises(SoftLabelError, match=f"row {row} of a batch holds NaN or infinity"):
        with_row_max(logits)
    with pytest.raises(SoftLabelError, match=f"row {row + 40} "):
        with_row_max(logits, first=40)


def test_a_row_without_any_mass_is_refused() -> None:
    with pytest.raises(SoftLabelError, match="row 1"):
        with_row_max(torch.tensor([[0.0, -math.inf], [-math.inf, -math.inf]]))
