"""Unbiased sparsifiers: draws by hand, and expectations over an even grid of uniforms.

A class owns one interval of u (two if it wraps), so a grid of M uniforms measures a probability to
within 2/M. No number of random draws could give this bound.
"""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.softlabels.dense_reference import normal_logits, softmax

from stillroom.softlabels.sparsify.rules.largest_logits import largest_logits
from stillroom.softlabels.sparsify.rules.row_max import padded_logits, with_row_max
from stillroom.softlabels.sparsify.rules.softmax_mass import Mass, mass
from stillroom.softlabels.sparsify.rules.unbiased import (
    HeadsAndTails,
    fixed_threshold,
    sample,
    threshold,
)

Doubles = NDArray[np.float64]
BY_HAND = (0.5, 0.3, 0.1, 0.06, 0.04)
GRID = 500


def one(p: tuple[float, ...], copies: int) -> torch.Tensor:
    """Return the logits of a distribution, repeated once for each draw."""
    return torch.tensor([p], dtype=torch.float32).log().repeat(copies, 1)


def mass_of(logits: torch.Tensor, temperature: float = 1.0) -> Mass:
    return mass(with_row_max(logits), temperature)


def fixed(logits: torch.Tensor, k: int, uniforms: torch.Tensor) -> HeadsAndTails:
    return fixed_threshold(largest_logits(padded_logits(logits), k), mass_of(logits), k, uniforms)


def grid(size: int = GRID) -> torch.Tensor:
    return (torch.arange(size, dtype=torch.float64) + 0.5) / size


def owners(counts: torch.Tensor) -> NDArray[np.int64]:
    return np.repeat(np.arange(len(counts)), counts.numpy())


def weights(split: HeadsAndTails, tail: float | Doubles, classes: int) -> Doubles:
    """Return the dense estimates [n, C]; the weights of an id that is kept twice would add up."""
    dense = np.zeros((len(split.head_counts), classes))
    np.add.at(dense, (owners(split.head_counts), split.head_ids.numpy()), split.head_p.numpy())
    rows = owners(split.tail_counts)
    value = np.broadcast_to(tail, (len(dense),))[rows]
    np.add.at(dense, (rows, split.tail_ids.numpy()), value)
    return dense


def rest_shared(split: HeadsAndTails) -> Doubles:
    """Return the weight of each tail entry, with weights that sum to one."""
    heads = np.bincount(
        owners(split.head_counts), split.head_p.numpy(), minlength=len(split.head_counts)
    )
    return (1 - heads) / np.maximum(split.tail_counts.numpy(), 1)


def entries_of(split: HeadsAndTails) -> list[list[int]]:
    heads = split.head_ids.split(split.head_counts.tolist())
    tails = split.tail_ids.split(split.tail_counts.tolist())
    return [[*head.tolist(), *tail.tolist()] for head, tail in zip(heads, tails, strict=True)]


def test_a_threshold_by_hand() -> None:
    # tau = 0.08: heads 0, 1, 2; the tail is 3 with [0, 0.06) and 4 with [0.06, 0.10). The points
    # are 0.08 u and, while below 0.10, 0.08 (u + 1).
    u = torch.tensor([0.0, 0.2, 0.26, 0.74, 0.76, 0.99], dtype=torch.float64)
    split = threshold(mass_of(one(BY_HAND, 6)), 0.08, u)
    assert split.head_counts.tolist() == [3] * 6
    assert split.head_ids.tolist() == [0, 1, 2] * 6
    assert split.head_p.numpy() == pytest.approx([0.5, 0.3, 0.1] * 6, rel=1e-6)
    tails = [part.tolist() for part in split.tail_ids.split(split.tail_counts.tolist())]
    assert tails == [[3, 4], [3, 4], [3], [3], [4], [4]]


def test_a_fixed_threshold_by_hand() -> None:
    # k = 3: 1/3 <= 0.5 is a head, then 0.5/2 <= 0.3 is, then 0.2/1 > 0.1 is not: one tail entry
    # of weight 0.2, by the point 0.2 u among 2 [0, 0.1), 3 [0.1, 0.16), 4 [0.16, 0.2).
    u = torch.tensor([0.0, 0.49, 0.51, 0.79, 0.81, 0.99], dtype=torch.float64)
    split = fixed(one(BY_HAND, 6), 3, u)
    assert split.head_ids.tolist() == [0, 1] * 6
    assert split.head_p.numpy() == pytest.approx([0.5, 0.3] * 6, rel=1e-6)
    assert split.tail_ids.tolist() == [2, 2, 3, 3, 4, 4]


def test_draws_with_replacement_by_hand() -> None:
    # (1/2, 1/4, 1/4): u < 0.5 is class 0, u < 0.75 class 1.
    u = torch.tensor([[0.9, 0.1, 0.6, 0.45], [0.7, 0.74, 0.51, 0.55]], dtype=torch.float64)
    counts, ids, times = sample(mass_of(one((0.5, 0.25, 0.25), 2)), u)
    assert counts.tolist() == [3, 1]
    assert ids.tolist() == [0, 1, 2, 1]
    assert times.tolist() == [2, 1, 1, 4]


@pytest.mark.parametrize("classes", [2, 10, 256, 300])
@pytest.mark.parametrize("temperature", [1.0, 4.0])
@pytest.mark.parametrize("tau", [0.5, 0.03, 0.004])
def test_a_threshold_is_unbiased_and_of_the_variance_that_is_promised(
    classes: int, temperature: float, tau: float
) -> None:
    logits = normal_logits(1, classes, seed=classes)
    p = softmax(logits, temperature)[0]
    masses = mass_of(torch.from_numpy(logits).repeat(GRID, 1), temperature)
    drawn = weights(threshold(masses, tau, grid()), tau, classes)
    assert np.abs(drawn.mean(axis=0) - p).max() <= 2 * tau / GRID + 2e-6
    # Weight tau with probability p / tau: a tail entry's variance is p (tau - p), a head's is 0.
    variance = np.where(p < tau, p * (tau - p), 0).sum()
    bound = (2 * tau / GRID + 2e-6) * tau * classes
    assert ((drawn - p) ** 2).sum(axis=1).mean() == pytest.approx(variance, abs=bound)


@pytest.mark.parametrize("classes", [2, 10, 256, 300])
@pytest.mark.parametrize("k", [1, 4, 30])
def test_a_fixed_threshold_is_unbiased(classes: int, k: int) -> None:
    logits = normal_logits(1, classes, seed=classes)
    split = fixed(torch.from_numpy(logits).repeat(GRID, 1), k, grid())
    drawn = weights(split, rest_shared(split), classes)
    # The largest weight of a tail entry is at most 1 / k.
    bound = 2 / k / GRID + 2e-6
    assert np.abs(drawn.mean(axis=0) - softmax(logits)[0]).max() <= bound


@pytest.mark.parametrize("classes", [2, 10, 300])
def test_each_single_draw_is_unbiased(classes: int) -> None:
    logits = normal_logits(1, classes, seed=classes)
    masses = mass_of(torch.from_numpy(logits).repeat(GRID, 1))
    counts, ids, times = sample(masses, grid()[:, None])
    assert (counts == 1).all()
    assert (times == 1).all()
    chance = np.bincount(ids.numpy(), minlength=classes) / GRID
    assert np.abs(chance - softmax(logits)[0]).max() <= 1 / GRID + 2e-6


@given(
    st.integers(0, 10_000),
    st.sampled_from([2, 3, 100, 256, 257, 600]),
    st.integers(1, 40),
    st.sampled_from([0.0, 1e-6, 0.3, 3.0, 30.0]),
    st.sampled_from([0.0, 0.5, 0.97]),
    st.booleans(),
)
def test_a_fixed_threshold_keeps_exactly_as_many_as_it_can_and_they_sum_to_one(
    seed: int, classes: int, k: int, scale: float, without_mass: float, tied: bool
) -> None:
    rng = np.random.default_rng(seed)
    logits = normal_logits(4, classes, scale=scale, seed=seed)
    if tied:
        logits = np.round(logits)
    logits[rng.random(logits.shape) < without_mass] = -np.inf
    logits[:, rng.integers(classes)] = 0
    # A logit 104 below the maximum has no mass in float32.
    logits[logits < logits.max(axis=1, keepdims=True) - 95] = -np.inf
    support = np.isfinite(logits).sum(axis=1)
    u = torch.from_numpy(rng.random(4))
    split = fixed(torch.from_numpy(logits), k, u)
    kept = entries_of(split)
    for row in range(4):
        assert len(set(kept[row])) == len(kept[row]) == min(k, support[row])
        heads = int(split.head_counts[row])
        assert kept[row][:heads] == sorted(kept[row][:heads])
        assert kept[row][heads:] == sorted(kept[row][heads:])
    drawn = weights(split, rest_shared(split), classes)
    assert drawn.sum(axis=1) == pytest.approx(np.ones(4), abs=2e-6)
    assert (drawn[~np.isfinite(logits)] == 0).all()


@pytest.mark.parametrize("gap", [15, 20, 40, 80])
def test_a_tail_far_below_the_last_bit_of_its_head_is_still_drawn_from_evenly(gap: int) -> None:
    # One head, and 40 equal classes too small for float32 beside it. Every tenth of them is kept.
    logits = torch.full((GRID, 300), -math.inf)
    logits[:, 7], logits[:, 100:140] = 0, -gap
    split = fixed(logits, 5, grid())
    assert split.head_ids.tolist() == [7] * GRID
    tails = split.tail_ids.view(GRID, 4)
    assert (tails.diff(dim=1) == 10).all()
    assert np.bincount(tails.flatten().numpy())[100:].tolist() == [GRID // 10] * 40


def test_fewer_classes_than_k_are_all_heads() -> None:
    split = fixed(one(BY_HAND, 2), 9, grid(2))
    assert split.head_ids.tolist() == [0, 1, 2, 3, 4] * 2
    assert split.tail_counts.tolist() == [0, 0]


@given(
    st.integers(0, 10_000),
    st.sampled_from([2, 100, 256, 257, 600]),
    st.floats(2e-5, 1.0),
    st.sampled_from([0.0, 0.3, 3.0, 30.0]),
)
def test_heads_of_a_threshold_are_what_reaches_tau_and_tails_fill_the_rest(
    seed: int, classes: int, tau: float, scale: float
) -> None:
    logits = normal_logits(4, classes, scale=scale, seed=seed)
    p = softmax(logits)
    u = np.random.default_rng(seed).random(4)
    split = threshold(mass_of(torch.from_numpy(logits)), tau, torch.from_numpy(u))
    kept = entries_of(split)
    for row, (count, tails) in enumerate(
        zip(split.head_counts.tolist(), split.tail_counts.tolist(), strict=True)
    ):
        assert kept[row][:count] == sorted(kept[row][:count])
        assert kept[row][count:] == sorted(kept[row][count:])
        assert len(set(kept[row])) == len(kept[row])
        close = np.abs(p[row] / tau - 1) < 1.1e-4  # heads within 1e-4 of tau, in float32
        heads = set(kept[row][:count])
        assert set(np.flatnonzero((p[row] >= tau) & ~close)) <= heads
        assert heads <= set(np.flatnonzero((p[row] >= tau) | close))
        # Points u, u + 1, … below the tail's mass in steps: its floor or its ceiling.
        steps = (1 - p[row][list(heads)].sum()) / tau
        assert math.floor(steps - 2e-6 / tau) <= tails <= math.ceil(steps + 2e-6 / tau)


@given(st.integers(0, 10_000), st.integers(1, 200), st.sampled_from([2, 256, 600]))
def test_draws_with_replacement_count_up_to_their_number(
    seed: int, draws: int, classes: int
) -> None:
    rng = np.random.default_rng(seed)
    masses = mass_of(torch.from_numpy(normal_logits(3, classes, seed=seed)))
    counts, ids, times = sample(masses, torch.from_numpy(rng.random((3, draws))))
    assert [part.sum().item() for part in times.split(counts.tolist())] == [draws] * 3
    for part in ids.split(counts.tolist()):
        assert (part.diff() > 0).all()


def test_a_class_with_all_the_mass_is_the_only_entry() -> None:
    logits = torch.full((3, 1000), -200.0)
    logits[:, 77] = 5.0
    u = torch.tensor([0.0, 0.5, math.nextafter(1, 0)], dtype=torch.float64)
    for split in (threshold(mass_of(logits), 0.01, u), fixed(logits, 4, u)):
        assert split.head_ids.tolist() == [77] * 3
        assert split.head_p.tolist() == [1.0] * 3
        assert split.tail_counts.tolist() == [0] * 3
    counts, ids, times = sample(mass_of(logits), u[:, None].repeat(1, 9))
    assert (counts.tolist(), ids.tolist(), times.tolist()) == ([1] * 3, [77] * 3, [9] * 3)


@pytest.mark.parametrize("classes", [2, 256, 1000])
def test_a_uniform_distribution_is_one_head_each_or_evenly_spaced_tails(classes: int) -> None:
    logits = torch.zeros(1, classes)
    u = torch.tensor([0.5], dtype=torch.float64)
    heads = threshold(mass_of(logits), 1 / classes, u)
    assert heads.head_ids.tolist() == list(range(classes))
    assert heads.head_p.tolist() == [1 / classes] * classes
    tails = threshold(mass_of(logits), 2 / classes, u)
    assert tails.tail_ids.tolist() == list(range(1, classes, 2))


@pytest.mark.parametrize("u", [0.0, math.nextafter(1, 0)])
@pytest.mark.parametrize("classes", [256, 257])
def test_the_ends_of_the_uniforms_stay_within_the_distribution(u: float, classes: int) -> None:
    # In half of the cases a block's sum in float32 is above the running sum in float64.
    logits = torch.from_numpy(normal_logits(200, classes))
    uniforms = torch.full((200,), u, dtype=torch.float64)
    for split in (
        threshold(mass_of(logits), 0.01, uniforms),
        fixed(logits, 9, uniforms),
    ):
        for ids in entries_of(split):
            assert len(set(ids)) == len(ids)
            assert max(ids) < classes
    _, ids, _ = sample(mass_of(logits), uniforms[:, None])
    assert (ids < classes).all()
