"""Divergences: hand-computed numbers, and the laws that each must keep."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from stillroom.objectives.divergences import (
    cross_entropy_gap,
    forward_kl,
    jensen_shannon,
    reverse_kl,
    skew_kl,
    skew_reverse_kl,
)

Measure = Callable[[Tensor, Tensor], Tensor]

# Between (3/4, 1/4) and (1/2, 1/2).
BY_HAND: list[tuple[Measure, float]] = [
    (forward_kl, 0.1308120),  # 3/4 ln(3/2) + 1/4 ln(1/2)
    (reverse_kl, 0.1438410),  # 1/2 ln(2/3) + 1/2 ln(2)
    # m = (5/8, 3/8): half of 3/4 ln(6/5) + 1/4 ln(2/3), half of 1/2 ln(4/5) + 1/2 ln(4/3)
    (partial(jensen_shannon, beta=0.5), 0.0338221),
    # m = (21/40, 19/40): 3/4 ln(30/21) + 1/4 ln(10/19)
    (partial(skew_kl, alpha=0.1), 0.1070427),
    # m = (29/40, 11/40): 1/2 ln(20/29) + 1/2 ln(20/11)
    (partial(skew_reverse_kl, alpha=0.1), 0.1131367),
]
EVERY = [measure for measure, _ in BY_HAND]


def logs(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64).log()


def drawn(seed: int, shape: tuple[int, int] = (4, 6)) -> Tensor:
    draws = torch.Generator().manual_seed(seed)
    return (torch.randn(shape, generator=draws, dtype=torch.float64) * 3).log_softmax(1)


@pytest.mark.parametrize(("measure", "expected"), BY_HAND)
def test_of_two_coins_by_hand(measure: Measure, expected: float) -> None:
    value = measure(logs([0.75, 0.25]), logs([0.5, 0.5]))
    assert value.item() == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("measure", EVERY)
@given(st.integers(0, 10_000))
def test_it_is_zero_between_equals_and_positive_elsewhere(measure: Measure, seed: int) -> None:
    p, q = drawn(seed), drawn(seed + 1)
    assert measure(p, p).abs().max() < 1e-12
    assert (measure(p, q) > 0).all()


@pytest.mark.parametrize("measure", EVERY)
def test_an_outcome_that_neither_has_changes_nothing_and_no_gradient_is_nan(
    measure: Measure,
) -> None:
    p, z = drawn(1), drawn(2).requires_grad_()
    gone = torch.full((4, 1), -torch.inf, dtype=torch.float64)
    with_it = measure(torch.cat([p, gone], 1), torch.cat([z, gone], 1).log_softmax(1)).sum()
    grad = torch.autograd.grad(with_it, z)[0]
    without = measure(p, z.log_softmax(1)).sum()
    assert with_it.item() == pytest.approx(without.item())
    assert torch.allclose(grad, torch.autograd.grad(without, z)[0])


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (forward_kl, math.log(2)),
        (reverse_kl, math.inf),
        # m = (3/4, 1/4): half of ln(4/3), half of 1/2 ln(2/3) + 1/2 ln 2
        (partial(jensen_shannon, beta=0.5), math.log(4 / 3) / 2 + math.log(4 / 3) / 4),
        (partial(skew_kl, alpha=0.1), math.log(1 / 0.55)),
        (partial(skew_reverse_kl, alpha=0.1), 0.5 * math.log(0.5 / 0.95) + 0.5 * math.log(10)),
    ],
)
def test_where_the_teacher_has_no_probability(measure: Measure, expected: float) -> None:
    assert measure(logs([1.0, 0.0]), logs([0.5, 0.5])).item() == pytest.approx(expected)


@pytest.mark.parametrize("measure", [m for m in EVERY if m is not reverse_kl])
def test_gradients_stay_finite_where_the_teacher_has_no_probability(measure: Measure) -> None:
    z = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    measure(logs([0.6, 0.4, 0.0]), z.log_softmax(1)).sum().backward()
    assert z.grad is not None
    assert z.grad.isfinite().all()
    assert z.grad[0, 2] > 0  # its gradient points away from the class that the teacher rules out


@given(st.integers(0, 10_000))
def test_the_cross_entropy_less_the_entropy_is_the_forward_kl_and_has_its_gradient(
    seed: int,
) -> None:
    draws = torch.Generator().manual_seed(seed)
    log_p = torch.randn((3, 4), generator=draws, dtype=torch.float64).log_softmax(1)
    log_p[0, 0] = -math.inf  # a class of probability 0
    logits = torch.randn((3, 4), generator=draws, dtype=torch.float64, requires_grad=True)
    difference, expected = (
        measure(log_p, logits.log_softmax(1)) for measure in (cross_entropy_gap, forward_kl)
    )
    torch.testing.assert_close(difference, expected, rtol=1e-12, atol=1e-12)
    gradients = [torch.autograd.grad(loss.sum(), logits)[0] for loss in (difference, expected)]
    torch.testing.assert_close(gradients[0], gradients[1], rtol=1e-12, atol=1e-12)
