"""Pooling: vectors worked out by hand, token by token."""

import pytest
import torch

from stillroom.models.architectures.pooling import POOLINGS, pool

# Two texts of three and of two tokens, each token with two states; the last column is padding.
STATES = torch.tensor(
    [
        [[1.0, 2.0], [3.0, -4.0], [5.0, 0.0], [90.0, 90.0]],
        [[2.0, 2.0], [4.0, 6.0], [80.0, 80.0], [90.0, 90.0]],
    ]
)
MASK = torch.tensor([[1, 1, 1, 0], [1, 1, 0, 0]])
BY_HAND = {
    "mean": [[9 / 3, -2 / 3], [6 / 2, 8 / 2]],
    "cls": [[1.0, 2.0], [2.0, 2.0]],
    "max": [[5.0, 2.0], [4.0, 6.0]],
    "mean_sqrt_len_tokens": [[9 / 3**0.5, -2 / 3**0.5], [6 / 2**0.5, 8 / 2**0.5]],
    "weightedmean": [[(1 + 6 + 15) / 6, (2 - 8) / 6], [(2 + 8) / 3, (2 + 12) / 3]],
    "lasttoken": [[5.0, 0.0], [4.0, 6.0]],
}
# The first token of each text is a prompt.
WITHOUT_FIRST = {
    "mean": [[8 / 2, -4 / 2], [4.0, 6.0]],
    "cls": [[3.0, -4.0], [4.0, 6.0]],
    "max": [[5.0, 0.0], [4.0, 6.0]],
    "mean_sqrt_len_tokens": [[8 / 2**0.5, -4 / 2**0.5], [4.0, 6.0]],
    "weightedmean": [[(6 + 15) / 5, -8 / 5], [4.0, 6.0]],
    "lasttoken": [[5.0, 0.0], [4.0, 6.0]],
}


@pytest.mark.parametrize("mode", POOLINGS)
@pytest.mark.parametrize(("skipped", "expected"), [(0, BY_HAND), (1, WITHOUT_FIRST)])
def test_each_mode_by_hand(mode: str, skipped: int, expected: dict[str, list[list[float]]]) -> None:
    torch.testing.assert_close(pool(STATES, MASK, mode, skipped), torch.tensor(expected[mode]))


def test_several_modes_lie_side_by_side_in_their_order() -> None:
    both = pool(STATES, MASK, "max+cls")
    expected = torch.tensor([[5.0, 2.0, 1.0, 2.0], [4.0, 6.0, 2.0, 2.0]])
    torch.testing.assert_close(both, expected)
