"""Response terms: hand-computed numbers, and the laws that each must keep."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from objectives_at_hand import EVERY_TERM, NAMES, some_target
from torch import Tensor
from torch.nn import functional

from stillroom.errors import SoftLabelError
from stillroom.objectives.divergences import forward_kl
from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.missing_mass import ground_truth, renormalise, tail_bucket
from stillroom.objectives.response_terms import (
    DecoupledKD,
    DecoupledTopK,
    Divergence,
    SoftCrossEntropy,
    Term,
    hard_cross_entropy,
)
from stillroom.objectives.soft_target import SoftTarget

TREATMENTS = [tail_bucket, renormalise, ground_truth]


def logs(*rows: list[float]) -> Tensor:
    return torch.tensor(rows, dtype=torch.float64).log()


def target(p: Tensor, temperature: float, ids: list[list[int]] | None = None) -> SoftTarget:
    index = torch.tensor(ids) if ids else torch.arange(p.shape[1]).expand(p.shape[0], -1)
    return SoftTarget(index, {temperature: p})


def value_of(term: Term, logits: Tensor, of: SoftTarget, labels: list[int] | None = None) -> Tensor:
    given_labels = torch.tensor(labels or [-1] * len(logits))
    return term(gather(logits, of, given_labels, term.temperatures), of, given_labels)


def kl(temperature: float) -> Divergence:
    return Divergence(forward_kl, tail_bucket, temperature)


def test_the_square_of_the_temperature_scales_it() -> None:
    # Logits (2 ln 3, 0) at T = 2 are (3/4, 1/4): 4 * KL((1/2, 1/2) || (3/4, 1/4))
    logits = torch.tensor([[2 * math.log(3), 0.0]], dtype=torch.float64)
    expected = 4 * (0.5 * math.log(0.5 / 0.75) + 0.5 * math.log(0.5 / 0.25))
    found = value_of(kl(2.0), logits, target(logs([0.5, 0.5]), 2.0))
    assert found.item() == pytest.approx(expected)


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
    with pytest.raises(SoftLabelError, match="holds at temperature 3, and the objective asks for"):
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
    # p = (1/2, 1/4, 1/4); of the last two one is drawn with weight 1/2. Both draws, averaged.
    logits = torch.tensor([[0.3, -0.2, 0.9]], dtype=torch.float64)

    def gradient(p: list[float], ids: list[int]) -> Tensor:
        own = logits.clone().requires_grad_()
        value_of(SoftCrossEntropy(1.0), own, target(logs(p), 1.0, [ids])).sum().backward()
        assert own.grad is not None
        return own.grad

    mean = (gradient([0.5, 0.5], [0, 1]) + gradient([0.5, 0.5], [0, 2])) / 2
    assert torch.allclose(mean, gradient([0.5, 0.25, 0.25], [0, 1, 2]))


# The decoupled ones.


def test_decoupled_top_k_at_temperature_1_is_the_forward_kl_with_a_tail_bucket() -> None:
    draws = torch.Generator().manual_seed(1)
    logits = torch.randn(6, 9, generator=draws, dtype=torch.float64)
    of = some_target(draws, 6, 9, 4, (1.0,))
    whole, parts = value_of(kl(1.0), logits, of), value_of(DecoupledTopK(1.0), logits, of)
    assert torch.allclose(parts, whole)


def test_decoupled_top_k_tempers_the_inside_alone_by_hand() -> None:
    # The head holds (1/2, 1/8); the student is uniform over four, its head's mass 1/2.
    of = target(logs([0.5, 0.125]), 1.0, [[0, 1]])
    masses = 0.625 * math.log(0.625 / 0.5) + 0.375 * math.log(0.375 / 0.5)
    # At T = 2 the inside is (2/3, 1/3) for the teacher, and (1/2, 1/2) for the student.
    inside = 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)
    found = value_of(DecoupledTopK(2.0), torch.zeros(1, 4, dtype=torch.float64), of)
    assert found.item() == pytest.approx(masses + 0.625 * 4 * inside)


def test_decoupled_kd_by_hand() -> None:
    # Teacher (1/2, 1/4, 1/4), student uniform over three; the label is class 0.
    of = target(logs([0.5, 0.25, 0.25]), 1.0)
    logits = torch.zeros(1, 3, dtype=torch.float64)
    masses = 0.5 * math.log(0.5 * 3) + 0.5 * math.log(0.5 * 3 / 2)
    assert value_of(DecoupledKD(1.0, 8.0, 1.0), logits, of, [0]).item() == pytest.approx(masses)
    # With class 1 as the label the others are (2/3, 1/3) against (1/2, 1/2).
    masses = 0.25 * math.log(0.25 * 3) + 0.75 * math.log(0.75 * 3 / 2)
    among = 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)
    found = value_of(DecoupledKD(1.0, 8.0, 1.0), logits, of, [1])
    assert found.item() == pytest.approx(masses + 8 * among)


def test_the_parts_of_decoupled_kd_add_up_to_hintons_loss() -> None:
    # KL = KL of the label's mass + (1 - p of the label) * KL among the others.
    draws = torch.Generator().manual_seed(2)
    logits = torch.randn(5, 7, generator=draws, dtype=torch.float64)
    of, labels = some_target(draws, 5, 7, 7, (2.0,)), [3, 0, 6, 1, 1]
    masses = value_of(DecoupledKD(1.0, 0.0, 2.0), logits, of, labels)
    among = value_of(DecoupledKD(0.0, 1.0, 2.0), logits, of, labels)
    at_label = of.ids == torch.tensor(labels)[:, None]
    others = 1 - of.at(2.0).exp()[at_label]
    assert torch.allclose(masses + others * among, value_of(kl(2.0), logits, of))


def test_a_row_without_a_label_is_not_split() -> None:
    of = target(logs([0.5, 0.25, 0.25]), 1.0)
    logits = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    whole = value_of(kl(1.0), logits, of)
    assert torch.allclose(value_of(DecoupledKD(1.0, 8.0, 1.0), logits, of, [-1]), whole)


def test_a_label_beyond_the_head_is_not_taken_for_impossible() -> None:
    # The teacher's (.35, .3, .2, .1, .05), of which two are stored; class 2 is the label.
    of = target(logs([0.35, 0.3]), 1.0, [[0, 1]])
    logits = torch.zeros(1, 5, dtype=torch.float64, requires_grad=True)
    value = value_of(DecoupledKD(1.0, 8.0, 1.0), logits, of, [2])
    assert value.item() == pytest.approx(
        0.35 * math.log(0.35 * 5) + 0.3 * math.log(0.3 * 5) + 0.35 * math.log(0.35 / 0.6)
    )
    value.sum().backward()
    assert logits.grad is not None
    # The student holds 0.6 there and the teacher 0.35: a third of the difference for each class.
    assert logits.grad[0].tolist() == pytest.approx([-0.15, -0.1, *[0.25 / 3] * 3])


@pytest.mark.parametrize("ids", [[[1]], [[1, 0, 2]]], ids=["top 1", "whole"])
def test_a_teacher_that_is_sure_of_the_label_says_nothing_of_the_others(ids: list) -> None:
    sure = [1.0, 0.0, 0.0][: len(ids[0])]
    of = target(logs(sure), 1.0, ids)
    logits = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True)
    value = value_of(DecoupledKD(1.0, 8.0, 1.0), logits, of, [1])
    assert value.item() == pytest.approx(math.log(3))
    value.sum().backward()
    assert logits.grad is not None
    assert logits.grad[0].tolist() == pytest.approx([1 / 3, -2 / 3, 1 / 3])


def test_what_float32_rounds_away_is_no_mass_among_the_others() -> None:
    # Summed in float32 the stored mass may lack 6e-8, sixty times what the others truly hold.
    p = torch.tensor([[1 - 6e-8, 1e-9]], dtype=torch.float32)
    of = SoftTarget(torch.tensor([[0, 1]]), {1.0: p.log()})
    others = value_of(DecoupledKD(0.0, 1.0, 1.0), torch.zeros(1, 9), of, [0])
    assert others.item() == pytest.approx(math.log(8), rel=1e-5)  # all of it on class 1


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
