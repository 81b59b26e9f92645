"""Ragged targets: a batch holds what the rows hold, as narrow as its longest position allows."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.softlabels.format.distributions import Distributions
from stillroom.training.data.ragged_targets import Ragged


def made(cells: list[dict[int, float]], classes: int = 10) -> Distributions:
    """Return distributions from what each says of its ids."""
    owners = [row for row, cell in enumerate(cells) for _ in cell]
    ids = [token for cell in cells for token in cell]
    weights = [p for cell in cells for p in cell.values()]
    return Distributions(
        np.array(owners, np.int64), np.array(ids, np.int64), np.array(weights), len(cells), classes
    )


CELLS = [{3: 0.7, 1: 0.3}, {0: 1.0}, {2: 0.5, 0: 0.25, 7: 0.25}, {9: 0.9, 8: 0.1}]


def test_rows_hold_their_positions_one_after_the_other() -> None:
    ragged = Ragged.of({1.0: made(CELLS)}, np.array([3, 1]))
    target = ragged.of_rows(torch.tensor([1, 0]))
    p = target.log_p[1.0].exp()
    # Row 1 has the fourth position, row 0 the first three; the widest holds three.
    assert target.ids.tolist() == [[9, 8, 0], [3, 1, 0], [0, 1, 2], [2, 0, 7]]
    expected = [[0.9, 0.1, 0], [0.7, 0.3, 0], [1, 0, 0], [0.5, 0.25, 0.25]]
    torch.testing.assert_close(p, torch.tensor(expected))


def test_a_batch_is_as_wide_as_its_longest() -> None:
    ragged = Ragged.of({1.0: made(CELLS)}, np.array([1, 1, 1, 1]))
    assert ragged.of_rows(torch.tensor([1])).ids.shape == (1, 1)
    assert ragged.of_rows(torch.tensor([0, 2])).ids.shape == (2, 3)


def test_several_temperatures_hold_the_same_tokens() -> None:
    cold = [{k: p * p for k, p in cell.items()} for cell in CELLS]
    ragged = Ragged.of({1.0: made(CELLS), 0.5: made(cold)}, np.array([4]))
    target = ragged.of_rows(torch.tensor([0]))
    torch.testing.assert_close(target.log_p[0.5], 2 * target.log_p[1.0])
    with pytest.raises(ValueError, match="other tokens at one temperature"):
        Ragged.of({1.0: made(CELLS), 0.5: made(CELLS[::-1])}, np.array([4]))


cells = st.lists(
    st.dictionaries(st.integers(0, 11), st.floats(0.01, 1), min_size=1, max_size=12),
    min_size=1,
    max_size=10,
)


@given(cells, st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_every_position_says_what_was_stored_and_its_padding_nothing(
    found: list[dict[int, float]], draws: "object"
) -> None:
    ragged = Ragged.of({1.0: made(found, 12)}, np.ones(len(found), np.int64))
    order = list(range(len(found)))
    draws.shuffle(order)  # type: ignore[attr-defined]
    target = ragged.of_rows(torch.tensor(order))
    p = target.log_p[1.0].exp()
    for row, cell in enumerate(order):
        ids = target.ids[row].tolist()
        assert len(set(ids)) == len(ids)  # padding too is distinct
        held = {token: float(w) for token, w in zip(ids, p[row], strict=True) if w > 0}
        assert held == pytest.approx(found[cell], rel=1e-5)
        assert all(0 <= token < 12 for token in ids)
