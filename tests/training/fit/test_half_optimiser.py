"""Optimisers of bf16 weights: against PyTorch's own in float32, and right on average."""

from functools import partial
from typing import Any

import pytest
import torch
from support.training.jobs import fitted
from torch import Tensor
from torch.nn import Parameter

from stillroom.training.fit.half_optimiser import (
    HalfOptimiser,
    Unmastered,
    WithMasters,
    stochastically_rounded,
)
from stillroom.training.fit.optimiser import build_half_optimiser, build_optimiser

START = torch.linspace(-1.0, 1.0, 40)


def half(values: Tensor = START) -> Parameter:
    return Parameter(values.bfloat16())


def gradient(step: int) -> Tensor:
    """Return a gradient that bf16 holds exactly, so that both optimisers get the same."""
    return torch.randn(40, generator=torch.Generator().manual_seed(step)).bfloat16()


@pytest.mark.parametrize("optimiser", ["adamw", "sgd"])
def test_master_copies_take_the_steps_of_float32(optimiser: Any) -> None:
    how = fitted(optimiser=optimiser, lr=1e-3)
    weight, reference = half(), Parameter(START.clone())
    masters = {weight: START.clone()}
    ours = build_half_optimiser([weight], how, masters, seed=0)
    theirs = build_optimiser([reference], how)
    for step in range(5):
        ours.param_groups[0]["lr"] = theirs.param_groups[0]["lr"] = 1e-3 * (step + 1)
        weight.grad, reference.grad = gradient(step), gradient(step).float()
        ours.step()
        theirs.step()
        assert weight.grad is None
    assert isinstance(ours, WithMasters)
    torch.testing.assert_close(ours.masters[0], reference.data, rtol=0, atol=0)
    torch.testing.assert_close(weight.data, reference.data.bfloat16(), rtol=0, atol=0)


def test_small_updates_are_lost_by_torch_and_kept_on_average_here() -> None:
    ones = torch.ones(4000)
    how = fitted(optimiser="sgd", lr=1e-4, momentum=0.0, weight_decay=0.0)
    plain, ours = half(ones), half(ones)
    of_torch = build_optimiser([plain], how)
    of_ours = build_half_optimiser([ours], how, None, seed=1)
    for _ in range(200):
        plain.grad, ours.grad = ones.bfloat16(), ones.bfloat16()
        of_torch.step()
        of_ours.step()
    assert (plain == 1.0).all()
    # 200 steps of 1e-4; the mean of 4,000 weights deviates by about 5e-5.
    assert ours.float().mean().item() == pytest.approx(0.98, abs=5e-4)


def test_a_rounding_is_one_of_the_two_neighbours_and_right_on_average() -> None:
    value = torch.tensor([1.001, -1.001, 3.1415927, 1e-30, 0.0])
    drawn = stochastically_rounded(
        value.expand(20_000, 5).contiguous(), torch.Generator().manual_seed(0)
    ).float()
    assert drawn.dtype == torch.float32
    for column, true in zip(drawn.T, value.tolist(), strict=True):
        assert len(column.unique()) <= 2
        assert column.min() <= true <= column.max()
        assert column.double().mean().item() == pytest.approx(true, rel=3e-4)
    lost = torch.tensor([float("inf"), float("-inf"), float("nan")])
    kept = stochastically_rounded(lost, torch.Generator()).float()
    assert kept[:2].tolist() == lost[:2].tolist()
    assert kept[2].isnan()


@pytest.mark.parametrize("keeps", [True, False], ids=["masters", "none"])
def test_a_state_that_is_loaded_goes_on_with_the_same_bits(keeps: bool) -> None:
    def made(values: Tensor) -> tuple[Parameter, Parameter, HalfOptimiser]:
        weight, other = half(values), Parameter(torch.ones(3))
        masters = {weight: values.clone()} if keeps else None
        return weight, other, build_half_optimiser([weight, other], fitted(), masters, seed=5)

    def go(weight: Parameter, other: Parameter, optimiser: HalfOptimiser, steps: range) -> None:
        for step in steps:
            weight.grad, other.grad = gradient(step), torch.full((3,), float(step))
            optimiser.step()
            optimiser.zero_grad()

    whole = made(START)
    go(*whole, range(6))
    first = made(START)
    go(*first, range(3))
    state = first[2].state_dict()
    assert set(state["state"]) == {0, 1}
    resumed = made(torch.zeros(40))
    with torch.no_grad():
        for ours, theirs in zip(resumed[:2], first[:2], strict=True):
            ours.copy_(theirs)
    resumed[2].load_state_dict(state)
    go(*resumed, range(3, 6))
    assert torch.equal(resumed[0], whole[0])
    assert torch.equal(resumed[1], whole[1])


def test_only_the_moments_and_no_copies_are_kept_without_masters() -> None:
    weight = half()
    optimiser = Unmastered([weight], partial(build_optimiser, how=fitted()), seed=0)
    weight.grad = gradient(0)
    optimiser.step()
    state = optimiser.state_dict()["state"][0]
    assert {name: one.dtype for name, one in state.items() if one.ndim} == {
        "exp_avg": torch.float32,
        "exp_avg_sq": torch.float32,
    }
    assert all(one.numel() == 0 for one in optimiser.wide)
