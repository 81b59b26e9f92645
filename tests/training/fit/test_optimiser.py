"""Optimisers: their updates and schedule, by hand."""

import math

import pytest
import torch
from support.training.jobs import fitted
from torch.nn import Parameter

from stillroom.training.fit.optimiser import build_optimiser, share_of_lr, with_schedule


def test_the_rate_rises_in_a_fifth_of_the_steps_and_falls_as_a_cosine() -> None:
    share = share_of_lr(0.2, 10)
    assert [share(step) for step in range(3)] == [0.5, 1.0, 1.0]
    assert share(6) == pytest.approx(0.5)
    assert share(4) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert share(10) == pytest.approx(0.0)
    assert share_of_lr(0.0, 10)(0) == 1.0


def test_two_steps_of_nesterovs_momentum_by_hand() -> None:
    weight = Parameter(torch.tensor([1.0]))
    how = fitted(optimiser="sgd", lr=0.1, momentum=0.5, weight_decay=0.0)
    optimiser = build_optimiser([weight], how)
    for _ in range(2):
        weight.grad = torch.tensor([2.0])
        optimiser.step()
    # v1 = 2, w -= 0.1 (2 + 0.5 * 2) = 0.3; v2 = 0.5 * 2 + 2 = 3, w -= 0.1 (2 + 0.5 * 3) = 0.35
    assert weight.item() == pytest.approx(1.0 - 0.3 - 0.35)


def test_without_momentum_sgd_is_plain() -> None:
    weight = Parameter(torch.tensor([1.0]))
    optimiser = build_optimiser(
        [weight], fitted(optimiser="sgd", lr=0.1, momentum=0.0, weight_decay=0.5)
    )
    weight.grad = torch.tensor([2.0])
    optimiser.step()
    assert weight.item() == pytest.approx(1.0 - 0.1 * (2.0 + 0.5 * 1.0))


def test_adamw_decays_apart_from_the_gradient() -> None:
    weight = Parameter(torch.tensor([1.0]))
    optimiser = build_optimiser([weight], fitted(lr=0.1, weight_decay=0.5))
    weight.grad = torch.tensor([2.0])
    optimiser.step()
    # The decay multiplies by 1 - 0.1 * 0.5; the first step of Adam has the size of the rate.
    assert weight.item() == pytest.approx(0.95 - 0.1, abs=1e-6)


def test_the_schedule_moves_the_rate_with_each_step() -> None:
    optimiser = build_optimiser([Parameter(torch.zeros(1))], fitted(lr=0.1))
    schedule = with_schedule(optimiser, fitted(lr=0.1, warmup=0.5), 4)["lr_scheduler"]
    assert schedule["interval"] == "step"
    rates = []
    for _ in range(4):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule["scheduler"].step()
    assert rates == pytest.approx([0.05, 0.1, 0.1, 0.05])
