"""Soft cross-entropy of unbiased weights: hand-computed numbers, and its gradient."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.objectives.term_cases import kl, logs, target, value_of
from torch import Tensor

from stillroom.objectives.response_losses import (
    SoftCrossEntropy,
)


def test_soft_cross_entropy_by_hand() -> None:
    # Logits (ln 3, 0): q = (3/4, 1/4). Weights (1/2, 1/2): -(ln 3/4 + ln 1/4) / 2.
    logits = torch.tensor([[math.log(3), 0.0]], dtype=torch.float64)
    value = value_of(SoftCrossEntropy(1.0), logits, target(logs([0.5, 0.5]), 1.0))
    assert value.item() == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2)
    # Logits (2 ln 3, 0) at T = 2 are the same.
    value = value_of(SoftCrossEntropy(2.0), 2 * logits, target(logs([0.5, 0.5]), 2.0))
    assert value.item() == pytest.approx(4 * 0.8369882, abs=1e-5)


def test_weights_that_do_not_sum_to_one_multiply_the_log_sum_exp_by_hand() -> None:
    # Weights 0.6 of class 2 and 0.3 of class 0, sum 0.9; logits (1, 2, 3):
    # 0.9 ln(e + e^2 + e^3) - 0.3 * 1 - 0.6 * 3 = 0.9 * 3.4076060 - 2.1.
    logits = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    value = value_of(SoftCrossEntropy(1.0), logits, target(logs([0.6, 0.3]), 1.0, [[2, 0]]))
    assert value.item() == pytest.approx(0.9 * 3.4076060 - 2.1, abs=1e-6)


def test_padding_of_weight_0_adds_nothing_and_no_nan() -> None:
    logits = torch.randn(1, 5, dtype=torch.float64, requires_grad=True)
    term = SoftCrossEntropy(1.0)
    padded = value_of(term, logits, target(logs([0.7, 0.0]), 1.0, [[3, 1]]))
    plain = value_of(term, logits, target(logs([0.7]), 1.0, [[3]]))
    assert padded.item() == pytest.approx(plain.item(), rel=1e-14)
    padded.sum().backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 8.0]))
def test_on_whole_targets_soft_cross_entropy_has_the_gradient_of_forward_kl(
    seed: int, temperature: float
) -> None:
    draws = torch.Generator().manual_seed(seed)
    teacher = torch.randn(5, 7, generator=draws, dtype=torch.float64) * 4
    whole = target((teacher / temperature).log_softmax(1), temperature)
    ours = torch.randn(5, 7, generator=draws, dtype=torch.float64).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    value_of(SoftCrossEntropy(temperature), ours, whole).sum().backward()
    value_of(kl(temperature), theirs, whole).sum().backward()
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-12)


def test_the_gradient_of_any_weights_is_their_sum_of_q_less_the_weights_by_hand() -> None:
    # At T: T * (sum of the weights * q - weights); q uniform over four, weights 1/2 and 3/4.
    logits = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    of = target(logs([0.5, 0.75]), 2.0, [[0, 3]])
    value_of(SoftCrossEntropy(2.0), logits, of).sum().backward()
    assert logits.grad is not None
    expected = [2 * (1.25 / 4 - weight) for weight in (0.5, 0.0, 0.0, 0.75)]
    assert logits.grad[0].tolist() == pytest.approx(expected)


def test_over_the_draws_the_gradient_is_that_of_the_whole_target() -> None:
    # p = (1/2, 1/4, 1/4); one of the last two is drawn, with weight 1/2. The mean over both draws.
    logits = torch.tensor([[0.3, -0.2, 0.9]], dtype=torch.float64)

    def gradient(p: list[float], ids: list[int]) -> Tensor:
        own = logits.clone().requires_grad_()
        value_of(SoftCrossEntropy(1.0), own, target(logs(p), 1.0, [ids])).sum().backward()
        assert own.grad is not None
        return own.grad

    mean = (gradient([0.5, 0.5], [0, 1]) + gradient([0.5, 0.5], [0, 2])) / 2
    assert torch.allclose(mean, gradient([0.5, 0.25, 0.25], [0, 1, 2]))
