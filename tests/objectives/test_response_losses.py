"""Response terms: hand-computed numbers, and the laws that each must keep."""

import math
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.objectives.term_cases import EVERY_TERM, NAMES, kl, logs, some_target, target, value_of
from torch import Tensor
from torch.nn import functional

from stillroom.errors import SoftLabelError
from stillroom.objectives.divergences import cross_entropy_gap, forward_kl
from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.missing_mass_treatment import ground_truth, renormalise, tail_bucket
from stillroom.objectives.response_losses import (
    Divergence,
    Term,
    hard_cross_entropy,
)
from stillroom.objectives.targets.soft_target import SoftTarget

TREATMENTS = [tail_bucket, renormalise, ground_truth]


def test_the_square_of_the_temperature_scales_it() -> None:
    # Logits (2 ln 3, 0) at T = 2 are (3/4, 1/4): 4 * KL((1/2, 1/2) || (3/4, 1/4))
    logits = torch.tensor([[2 * math.log(3), 0.0]], dtype=torch.float64)
    expected = 4 * (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25))
    value = value_of(kl(2.0), logits, target(logs([0.5, 0.5]), 2.0))
    assert value.item() == pytest.approx(expected)


def test_a_tail_is_one_bucket_by_hand() -> None:
    # Head 0 with p = 1/2, the tail's mass 1/2; student uniform over four: q = 1/4 and 3/4.
    logits = torch.zeros(1, 4, dtype=torch.float64)
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert value_of(kl(1.0), logits, target(logs([0.5]), 1.0, [[0]])).item() == pytest.approx(
        expected
    )


def test_a_class_of_probability_zero_adds_nothing_and_no_nan() -> None:
    logits = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    value = value_of(kl(1.0), logits, target(logs([1.0, 0.0]), 1.0))
    value.sum().backward()
    assert value.item() == pytest.approx(math.log(2))
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([-0.5, 0.5])


@pytest.mark.parametrize("treatment", TREATMENTS)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 2.0, 8.0]))
def test_k_equal_to_c_is_the_dense_loss_and_its_gradient(
    treatment,
    seed: int,
    temperature: float,  # type: ignore[no-untyped-def]
) -> None:
    draws = torch.Generator().manual_seed(seed)
    teacher = torch.randn(5, 7, generator=draws, dtype=torch.float64) * 4
    ours = torch.randn(5, 7, generator=draws, dtype=torch.float64).requires_grad_()
    theirs = ours.detach().clone().requires_grad_()
    log_p = (teacher / temperature).log_softmax(1)
    ids = log_p.argsort(dim=1, descending=True)
    dense = temperature**2 * functional.kl_div(
        (theirs / temperature).log_softmax(1), log_p, reduction="none", log_target=True
    ).sum(1)
    term = Divergence(forward_kl, treatment, temperature)
    value = value_of(term, ours, SoftTarget(ids, {temperature: log_p.gather(1, ids)}), [2] * 5)
    assert torch.allclose(value, dense, atol=1e-10)
    value.sum().backward()
    dense.sum().backward()
    assert torch.allclose(ours.grad, theirs.grad, atol=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 6))
def test_a_truncated_divergence_is_between_zero_and_the_whole_one(seed: int, k: int) -> None:
    draws = torch.Generator().manual_seed(seed)
    log_p = torch.randn(4, 7, generator=draws, dtype=torch.float64).log_softmax(1)
    logits = torch.randn(4, 7, generator=draws, dtype=torch.float64)
    ids = log_p.argsort(dim=1, descending=True)
    whole = value_of(kl(1.0), logits, SoftTarget(ids, {1.0: log_p.gather(1, ids)}))
    head = ids[:, :k]
    part = value_of(kl(1.0), logits, SoftTarget(head, {1.0: log_p.gather(1, head)}))
    assert (part >= -1e-9).all()
    assert (part <= whole + 1e-9).all()


@pytest.mark.parametrize("term", EVERY_TERM, ids=NAMES)
@pytest.mark.parametrize("k", [2, 9])
def test_masking_equals_slicing(term: Term, k: int) -> None:
    draws = torch.Generator().manual_seed(3)
    logits = torch.randn(6, 9, generator=draws, dtype=torch.float64)
    labels = torch.tensor([4, -1, 0, 8, -1, 2])
    of = some_target(draws, 6, 9, k, term.temperatures)
    whole = term(gather(logits, of, labels, term.temperatures), of, labels)
    kept = torch.tensor([5, 1, 2])
    seen = gather(logits[kept], of.rows(kept), labels[kept], term.temperatures)
    assert torch.allclose(term(seen, of.rows(kept), labels[kept]), whole[kept])


@pytest.mark.parametrize("term", EVERY_TERM, ids=NAMES)
def test_a_target_at_another_temperature_is_refused(term: Term) -> None:
    logits = torch.zeros(1, 4)
    of = SoftTarget(torch.tensor([[0, 1]]), {3.0: logs([0.5, 0.25]).float()})
    with pytest.raises(SoftLabelError, match="holds at temperature 3, and the objective needs"):
        value_of(term, logits, of)


@pytest.mark.parametrize("term", EVERY_TERM, ids=NAMES)
@pytest.mark.parametrize("k", [3, 9])
def test_in_float32_a_student_far_off_has_a_finite_loss_and_gradient(term: Term, k: int) -> None:
    draws = torch.Generator().manual_seed(5)
    logits = (torch.randn(6, 9, generator=draws) * 60).requires_grad_()
    of = some_target(draws, 6, 9, k, term.temperatures, torch.float32)
    labels = torch.tensor([4, -1, 0, 8, -1, 2])
    value = term(gather(logits, of, labels, term.temperatures), of, labels)
    value.sum().backward()
    assert value.isfinite().all()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


# Soft cross-entropy.


# The decoupled ones.


# Hard labels.


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


def test_smoothing_spreads_its_share_over_all_classes_by_hand() -> None:
    # Target (0.9, 0.1) with smoothing 0.2 over two classes.
    value = hard_cross_entropy(logs([0.75, 0.25]), torch.tensor([0]), smoothing=0.2)
    assert value.item() == pytest.approx(-0.9 * math.log(0.75) - 0.1 * math.log(0.25))


def test_a_partial_of_a_divergence_has_the_cheaper_measure_that_is_declared_for_it() -> None:
    called: list[str] = []

    def gap(log_p: Tensor, log_q: Tensor) -> Tensor:
        called.append("gap")
        return cross_entropy_gap(log_p, log_q)

    term = Divergence(partial(forward_kl), tail_bucket, 1.0, measure_of_whole=gap)
    logits = torch.tensor([[0.0, math.log(3)]], dtype=torch.float64)
    whole = SoftTarget.whole({1.0: logs([0.5, 0.5])})
    expected = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert value_of(term, logits, whole).item() == pytest.approx(expected)
    assert called == ["gap"]
    # For a target in another order, the measure itself is used.
    assert value_of(term, logits, target(logs([0.5, 0.5]), 1.0)).item() == pytest.approx(expected)
    assert called == ["gap"]
    assert value_of(Divergence(partial(forward_kl), tail_bucket, 1.0), logits, whole).item() == (
        pytest.approx(expected)
    )
