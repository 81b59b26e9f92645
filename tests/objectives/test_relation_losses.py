"""Relation terms: numbers by hand; maps that keep relations keep the loss at zero."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stillroom.objectives.feature_batch import Features
from stillroom.objectives.relation_losses import (
    RelationalAngle,
    RelationalDistance,
    SimilarityPreserving,
)

IDENTITY = torch.nn.Identity()
TERMS = [RelationalDistance(), RelationalAngle(), SimilarityPreserving()]
IDS = ["distance", "angle", "similarity"]


def of(rows: list[list[float]]) -> Features:
    return Features(torch.tensor(rows, dtype=torch.float64))


def test_distances_by_hand() -> None:
    # Ours are 3, 4, 5 (mean 4); theirs are all equal. Huber of d < 1: d^2 / 2. Each row has a zero.
    ours = of([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    theirs = of([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    a, b, c = (((d / 4) - 1) ** 2 / 2 for d in (3, 4, 5))
    distances = RelationalDistance()(ours, theirs, IDENTITY).tolist()
    assert distances == pytest.approx([(a + b) / 3, (a + c) / 3, (b + c) / 3])


def test_angles_by_hand() -> None:
    # At row 0: cos(j, k) is 1 where j = k != 0, and 0 between rows 1 and 2, or 1 in the teacher.
    ours, theirs = of([[0.0, 0], [1, 0], [0, 1]]), of([[0.0, 0], [1, 0], [2, 0]])
    distances = RelationalAngle()(ours, theirs, IDENTITY)
    assert distances[0].item() == pytest.approx(2 * 0.5 / 9)
    # At row 1: to 0 and 2 the cosine is sqrt(1/2), and -1 in the teacher: |d| > 1, d - 1/2.
    assert distances[1].item() == pytest.approx(2 * (math.sqrt(0.5) + 1 - 0.5) / 9)


def test_similarities_by_hand() -> None:
    ours, theirs = of([[1.0, 0.0], [0.0, 2.0]]), of([[1.0], [1.0]])
    # Rows of F F^T at length one: (1, 0), (0, 1) against (s, s), (s, s).
    s = math.sqrt(0.5)
    expected = ((1 - s) ** 2 + s**2) / 2
    distances = SimilarityPreserving()(ours, theirs, IDENTITY).tolist()
    assert distances == pytest.approx([expected, expected])


@pytest.mark.parametrize("term", TERMS, ids=IDS)
@given(seed=st.integers(0, 1000), scale=st.floats(0.1, 10))
def test_turned_and_scaled_features_lie_to_each_other_as_before(
    term: object, seed: int, scale: float
) -> None:
    draws = torch.Generator().manual_seed(seed)
    rows = torch.randn((5, 3), generator=draws, dtype=torch.float64)
    turn, _ = torch.linalg.qr(torch.randn((3, 3), generator=draws, dtype=torch.float64))
    moved = Features(rows @ turn * scale)
    distances = term(moved, Features(rows), IDENTITY)  # type: ignore[operator]
    assert distances.shape == (5,)
    torch.testing.assert_close(distances, torch.zeros(5, dtype=torch.float64), atol=1e-9, rtol=0)


@pytest.mark.parametrize("term", TERMS, ids=IDS)
@pytest.mark.parametrize("rows", [[[1.0, 2.0]], [[1.0, 2.0], [1.0, 2.0], [0.0, 1.0]]])
def test_gradients_are_finite_for_one_row_and_for_equal_rows(
    term: object, rows: list[list[float]]
) -> None:
    ours = torch.tensor(rows, requires_grad=True)
    theirs = Features(torch.arange(3.0 * len(rows)).view(-1, 3))
    term(Features(ours), theirs, IDENTITY).sum().backward()  # type: ignore[operator]
    assert ours.grad is not None
    assert bool(ours.grad.isfinite().all())
    assert not any(one.projects for one in TERMS)


@pytest.mark.parametrize("term", TERMS, ids=IDS)
def test_gradients_are_those_of_finite_differences(term: object) -> None:
    draws = torch.Generator().manual_seed(3)
    ours = torch.randn((4, 3), generator=draws, dtype=torch.float64, requires_grad=True)
    theirs = Features(torch.randn((4, 2), generator=draws, dtype=torch.float64))
    assert torch.autograd.gradcheck(
        lambda rows: term(Features(rows), theirs, IDENTITY),  # type: ignore[operator]
        (ours,),
    )
