"""Ragged targets: a batch has its rows' entries, and only the width of its widest position."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.errors import SoftLabelError
from stillroom.objectives.targets.ragged_targets import RaggedTargets
from stillroom.softlabels.columns.distributions import Distributions, SparseDistributions


def captured(cells: list[dict[int, float]], classes: int = 10) -> Distributions:
    """Return distributions, each from its weights by id."""
    owners = [row for row, cell in enumerate(cells) for _ in cell]
    ids = [token for cell in cells for token in cell]
    weights = [p for cell in cells for p in cell.values()]
    return SparseDistributions(
        np.array(owners, np.int64), np.array(ids, np.int64), np.array(weights), len(cells), classes
    )


CELLS = [{3: 0.7, 1: 0.3}, {0: 1.0}, {2: 0.5, 0: 0.25, 7: 0.25}, {9: 0.9, 8: 0.1}]


def test_rows_hold_their_positions_one_after_the_other() -> None:
    ragged = RaggedTargets.of({1.0: captured(CELLS)}, np.array([3, 1]))
    target = ragged.rows(torch.tensor([1, 0]))
    p = target.log_p[1.0].exp()
    # Row 1 has the fourth position, row 0 the first three; the widest has three entries.
    assert target.ids.tolist() == [[9, 8, 0], [3, 1, 0], [0, 1, 2], [2, 0, 7]]
    expected = [[0.9, 0.1, 0], [0.7, 0.3, 0], [1, 0, 0], [0.5, 0.25, 0.25]]
    torch.testing.assert_close(p, torch.tensor(expected))


def test_a_batch_is_as_wide_as_its_longest() -> None:
    ragged = RaggedTargets.of({1.0: captured(CELLS)}, np.array([1, 1, 1, 1]))
    assert ragged.rows(torch.tensor([1])).ids.shape == (1, 1)
    assert ragged.rows(torch.tensor([0, 2])).ids.shape == (2, 3)


def test_a_position_without_entries_has_only_padding() -> None:
    # Coordinates out of order, and nothing at all at the second position.
    distributions = SparseDistributions(
        owners=np.array([2, 0, 2, 0, 2]),
        ids=np.array([2, 1, 0, 3, 3]),
        weights=np.array([0.75, 0.25, 0.125, 0.5, 0.125]),
        count=3,
        classes=4,
    )
    ragged = RaggedTargets.of({1.0: distributions}, np.ones(3, np.int64), torch.float64)
    target = ragged.rows(torch.arange(3))
    assert target.ids.tolist() == [[3, 1, 0], [0, 1, 2], [2, 0, 3]]
    expected = [[0.5, 0.25, 0], [0, 0, 0], [0.75, 0.125, 0.125]]
    torch.testing.assert_close(target.log_p[1.0].exp(), torch.tensor(expected, dtype=torch.float64))


def test_several_temperatures_hold_the_same_tokens() -> None:
    cold = [{k: p * p for k, p in cell.items()} for cell in CELLS]
    ragged = RaggedTargets.of({1.0: captured(CELLS), 0.5: captured(cold)}, np.array([4]))
    target = ragged.rows(torch.tensor([0]))
    torch.testing.assert_close(target.log_p[0.5], 2 * target.log_p[1.0])
    with pytest.raises(SoftLabelError, match="other classes or tokens at one temperature"):
        RaggedTargets.of({1.0: captured(CELLS), 0.5: captured(CELLS[::-1])}, np.array([4]))


CELL_LISTS = st.lists(
    st.dictionaries(st.integers(0, 11), st.floats(0.01, 1), min_size=1, max_size=12),
    min_size=1,
    max_size=10,
)


@given(CELL_LISTS, st.randoms(use_true_random=False))
@settings(max_examples=80)
def test_every_position_has_its_entries_and_padding_has_no_probability(
    cells: list[dict[int, float]], draws: "object"
) -> None:
    ragged = RaggedTargets.of({1.0: captured(cells, 12)}, np.ones(len(cells), np.int64))
    order = list(range(len(cells)))
    draws.shuffle(order)  # type: ignore[attr-defined]
    target = ragged.rows(torch.tensor(order))
    p = target.log_p[1.0].exp()
    for row, cell in enumerate(order):
        ids = target.ids[row].tolist()
        assert len(set(ids)) == len(ids)  # padding has distinct ids, too
        held = {token: float(w) for token, w in zip(ids, p[row], strict=True) if w > 0}
        assert held == pytest.approx(cells[cell], rel=1e-5)
        assert all(0 <= token < 12 for token in ids)
