"""Response terms: hand-computed numbers, and the laws that each must keep."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from stillroom.errors import SoftLabelError
from stillroom.objectives.response import (
    forward_kl,
    hard_cross_entropy,
    renormalised_kl,
    soft_cross_entropy,
)
from stillroom.objectives.target import SoftTarget


def logs(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64).log()


def target(p: torch.Tensor, temperature: float, ids: list[list[int]] | None = None) -> SoftTarget:
    index = torch.tensor(ids) if ids else torch.arange(p.shape[1]).expand(p.shape[0], -1)
    return SoftTarget(index, p, temperature)


def test_forward_kl_of_a_coin_by_hand() -> None:
    # KL((3/4, 1/4) || (1/2, 1/2)) = 3/4 ln(3/2) + 1/4 ln(1/2) = 0.130812...
    value = forward_kl(torch.zeros(1, 2, dtype=torch.float64), target(logs([0.75, 0.25]), 1.0), 1.0)
    assert value.item() == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5))
    assert value.item() == pytest.approx(0.1308120, abs=1e-6)


def test_the_square_of_the_temperature_scales_it() -> None:
    # Logits (2 ln 3, 0) at T = 2 are (3/4, 1/4): 4 * KL((1/2, 1/2) || (3/4, 1/4))
    logits = torch.tensor([[2 * math.log(3), 0.0]], dtype=torch.float64)
    expected = 4 * (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25))
    assert forward_kl(logits, target(logs([0.5, 0.5]), 2.0), 2.0).item() == pytest.approx(expected)


def test_a_tail_is_one_bucket_by_hand() -> None:
    # Head 0 with p = 1/2, the tail's mass 1/2; student uniform over four: q = 1/4 and 3/4.
    value = forward_kl(torch.zeros(1, 4, dtype=torch.float64), target(logs([0.5]), 1.0, [[0]]), 1.0)
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert value.item() == pytest.approx(expected)


def test_renormalising_scales_the_head_to_one_by_hand() -> None:
    # (1/2, 1/4) becomes (2/3, 1/3); student uniform over four.
    value = renormalised_kl(
        torch.zeros(1, 4, dtype=torch.float64), target(logs([0.5, 0.25]), 1.0, [[0, 1]]), 1.0
    )
    expected = 2 / 3 * math.log(8 / 3) + 1 / 3 * math.log(4 / 3)
    assert value.item() == pytest.approx(expected)


def test_a_class_of_probability_zero_adds_nothing_and_no_nan() -> None:
    logits = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    value = forward_kl(logits, target(logs([1.0, 0.0]), 1.0), 1.0)
    value.sum().backward()
    assert value.item() == pytest.approx(math.log(2))
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([-0.5, 0.5])


@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 8.0]))
def test_k_equal_to_c_is_the_dense_loss_and_its_gradient(seed: int, temperature: float) -> None:
    draws = torch.Generator().manual_seed(seed)
    teacher = torch.randn(5, 7, generator=draws, dtype=torch.float64) * 4
    ours = torch.randn(5, 7, generator=draws, dtype=torch.float64).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    log_p = (teacher / temperature).log_softmax(1)
    ids = log_p.argsort(dim=1, descending=True)
    sparse = SoftTarget(ids, log_p.gather(1, ids), temperature)
    dense = temperature**2 * functional.kl_div(
        (theirs / temperature).log_softmax(1), log_p, reduction="none", log_target=True
    ).sum(1)
    value = forward_kl(ours, sparse, temperature)
    assert torch.allclose(value, dense)
    value.sum().backward()
    dense.sum().backward()
    assert torch.allclose(ours.grad, theirs.grad)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_a_truncated_divergence_is_between_zero_and_the_whole_one(seed: int, k: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    log_p = torch.randn(4, 7, generator=draws, dtype=torch.float64).log_softmax(1)
    logits = torch.randn(4, 7, generator=draws, dtype=torch.float64)
    ids = log_p.argsort(dim=1, descending=True)
    whole = forward_kl(logits, SoftTarget(ids, log_p.gather(1, ids), 1.0), 1.0)
    head = ids[:, :k]
    part = forward_kl(logits, SoftTarget(head, log_p.gather(1, head), 1.0), 1.0)
    assert (part >= -1e-9).all()
    assert (part <= whole + 1e-9).all()


def test_a_students_own_distribution_costs_nothing() -> None:
    logits = torch.randn(3, 5, dtype=torch.float64)
    own = target((logits / 4).log_softmax(1), 4.0)
    assert forward_kl(logits, own, 4.0).abs().max() < 1e-12


@pytest.mark.parametrize("term", [forward_kl, renormalised_kl, soft_cross_entropy])
def test_a_target_at_another_temperature_is_refused(term: object) -> None:
    with pytest.raises(SoftLabelError, match=r"holds at temperature 4\.0, .* asks for 2\.0"):
        term(torch.zeros(1, 2), target(logs([0.5, 0.5]), 4.0), 2.0)  # type: ignore[operator]


def test_cross_entropy_by_hand_and_masking_equals_leaving_out() -> None:
    logits = torch.tensor([[math.log(3), 0.0], [5.0, -5.0], [0.0, 0.0]])
    masked = hard_cross_entropy(logits, torch.tensor([0, -1, 1]))
    assert masked.item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    assert masked.item() == hard_cross_entropy(logits[[0, 2]], torch.tensor([0, 1])).item()


def test_a_batch_without_labels_costs_nothing_and_has_a_gradient_of_zero() -> None:
    logits = torch.randn(2, 3, requires_grad=True)
    loss = hard_cross_entropy(logits, torch.tensor([-1, -1]))
    loss.backward()
    assert loss.item() == 0
    assert logits.grad is not None
    assert logits.grad.abs().max() == 0


def test_soft_cross_entropy_by_hand() -> None:
    # Logits (ln 3, 0): q = (3/4, 1/4). Weights (1/2, 1/2): -(ln 3/4 + ln 1/4) / 2.
    logits = torch.tensor([[math.log(3), 0.0]], dtype=torch.float64)
    value = soft_cross_entropy(logits, target(logs([0.5, 0.5]), 1.0), 1.0)
    assert value.item() == pytest.approx(-(math.log(0.75) + math.log(0.25)) / 2)
    assert value.item() == pytest.approx(0.8369882, abs=1e-6)


def test_weights_that_do_not_sum_to_one_multiply_the_log_sum_exp_by_hand() -> None:
    # Weights 0.6 of class 2 and 0.3 of class 0, sum 0.9; logits (1, 2, 3):
    # 0.9 ln(e + e^2 + e^3) - 0.3 * 1 - 0.6 * 3 = 0.9 * 3.4076060 - 2.1.
    logits = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    value = soft_cross_entropy(logits, target(logs([0.6, 0.3]), 1.0, [[2, 0]]), 1.0)
    assert value.item() == pytest.approx(0.9 * 3.4076060 - 2.1, abs=1e-6)


def test_the_square_of_the_temperature_scales_soft_cross_entropy() -> None:
    # Logits (2 ln 3, 0) at T = 2 are (3/4, 1/4).
    logits = torch.tensor([[2 * math.log(3), 0.0]], dtype=torch.float64)
    value = soft_cross_entropy(logits, target(logs([0.5, 0.5]), 2.0), 2.0)
    assert value.item() == pytest.approx(4 * 0.8369882, abs=1e-5)


def test_padding_of_weight_0_adds_nothing_and_no_nan() -> None:
    logits = torch.randn(1, 5, dtype=torch.float64, requires_grad=True)
    padded = soft_cross_entropy(logits, target(logs([0.7, 0.0]), 1.0, [[3, 1]]), 1.0)
    plain = soft_cross_entropy(logits, target(logs([0.7]), 1.0, [[3]]), 1.0)
    assert padded.item() == plain.item()
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
    soft_cross_entropy(ours, whole, temperature).sum().backward()
    forward_kl(theirs, whole, temperature).sum().backward()
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-12)


def test_the_gradient_of_any_weights_is_their_sum_of_q_less_the_weights_by_hand() -> None:
    # At T: T * (sum of the weights * q - weights); q uniform over four, weights 1/2 and 3/4.
    logits = torch.zeros(1, 4, dtype=torch.float64, requires_grad=True)
    soft_cross_entropy(logits, target(logs([0.5, 0.75]), 2.0, [[0, 3]]), 2.0).sum().backward()
    assert logits.grad is not None
    expected = [2 * (1.25 / 4 - weight) for weight in (0.5, 0.0, 0.0, 0.75)]
    assert logits.grad[0].tolist() == pytest.approx(expected)


def test_over_the_draws_the_gradient_is_that_of_the_whole_target() -> None:
    # p = (1/2, 1/4, 1/4); of the last two one is drawn with weight 1/2. Both draws, averaged.
    logits = torch.tensor([[0.3, -0.2, 0.9]], dtype=torch.float64)

    def gradient(p: list[float], ids: list[int]) -> torch.Tensor:
        own = logits.clone().requires_grad_()
        soft_cross_entropy(own, target(logs(p), 1.0, [ids]), 1.0).sum().backward()
        assert own.grad is not None
        return own.grad

    mean = (gradient([0.5, 0.5], [0, 1]) + gradient([0.5, 0.5], [0, 2])) / 2
    assert torch.allclose(mean, gradient([0.5, 0.25, 0.25], [0, 1, 2]))
