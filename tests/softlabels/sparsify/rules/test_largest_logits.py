"""Top-k: heads against a full sort, with the ties of half precision."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.softlabels.dense_reference import normal_logits

from stillroom.softlabels.sparsify.rules.largest_logits import largest_logits
from stillroom.softlabels.sparsify.rules.row_max import padded_logits


def expected(logits: NDArray[np.float32], k: int) -> list[list[int]]:
    """Sort each row by falling logit, then rising id; return the first k with mass, by id."""
    falling = [sorted(range(len(row)), key=lambda i: (-row[i], i)) for row in logits.tolist()]
    return [
        sorted([i for i in order if row[i] > -math.inf][:k])
        for row, order in zip(logits, falling, strict=True)
    ]


def ids_of(logits: torch.Tensor, k: int) -> list[list[int]]:
    heads = largest_logits(padded_logits(logits), k)
    return [part.tolist() for part in heads.ids.split(heads.counts.tolist())]


def test_the_two_largest_of_four_by_hand() -> None:
    heads = largest_logits(padded_logits(torch.tensor([[1.0, 2.0, 4.0, 3.0]])), 2)
    assert (heads.counts.tolist(), heads.rows.tolist()) == ([2], [0, 0])
    assert (heads.ids.tolist(), heads.logits.tolist()) == ([2, 3], [4.0, 3.0])


def test_the_lowest_id_of_equal_logits_wins() -> None:
    assert ids_of(torch.tensor([[1.0, 3.0, 3.0, 3.0]]), 2) == [[1, 2]]
    assert ids_of(torch.zeros(1, 5000), 3) == [[0, 1, 2]]


def test_a_support_smaller_than_k_is_kept_completely_and_nothing_else() -> None:
    logits = torch.full((2, 1000), -math.inf)
    logits[0, 700], logits[0, 3], logits[1, 999] = 1.0, 2.0, -50.0
    assert ids_of(logits, 5) == [[3, 700], [999]]


@given(
    st.integers(0, 10_000),
    st.sampled_from([2, 3, 63, 64, 255, 256, 257, 512, 1000, 1280]),
    st.integers(1, 12),
    st.sampled_from([2, 9, 1000]),
    st.sampled_from([0.0, 0.4, 0.99]),
)
def test_heads_are_those_of_a_full_sort(
    seed: int, classes: int, k: int, levels: int, without_mass: float
) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.integers(-levels, levels, size=(3, classes)).astype(np.float32) / 4
    logits[rng.random(logits.shape) < without_mass] = -np.inf
    logits[:, rng.integers(classes)] = levels / 8
    assert ids_of(torch.from_numpy(logits), k) == expected(logits, k)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("classes", [4096, 100_000])
def test_the_lowest_ids_of_ties_in_half_precision_are_kept(
    dtype: torch.dtype, classes: int
) -> None:
    logits = (torch.from_numpy(normal_logits(2, classes)) * 16).round().div(16).to(dtype)
    wide = logits.float().numpy()
    heads = expected(wide, 50)
    assert all(len(set(wide[row, heads[row]])) < 50 for row in (0, 1))  # there are ties
    assert ids_of(logits, 50) == heads


def test_the_logits_of_the_heads_are_those_of_their_ids() -> None:
    logits = normal_logits(4, 640)
    heads = largest_logits(padded_logits(torch.from_numpy(logits)), 5)
    rows = np.repeat(np.arange(4), heads.counts.numpy())
    assert (heads.rows.numpy() == rows).all()
    assert (heads.logits.numpy() == logits[rows, heads.ids.numpy()]).all()


def test_a_difference_that_rounding_would_lose_still_decides() -> None:
    # Minus 1e4, 2**-12 and 2**-13 are the same float32; the larger one has the higher id.
    logits = torch.tensor([[1e4, 2.0**-13, 2.0**-12, -5.0]])
    assert ids_of(logits, 2) == [[0, 2]]


@pytest.mark.parametrize("classes", [1000, 4096])
def test_a_teachers_lowest_finite_logit_is_not_taken_for_no_mass(classes: int) -> None:
    lowest = torch.finfo(torch.float32).min
    logits = torch.full((1, classes), -math.inf)
    logits[0, 7], logits[0, 990] = 1.0, lowest
    assert ids_of(logits, 3) == [[7, 990]]
