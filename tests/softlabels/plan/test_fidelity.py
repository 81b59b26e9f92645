"""Fidelity: numbers by hand for a few classes."""

from typing import Any

import numpy as np
import pytest
import torch

from stillroom.errors import SoftLabelError
from stillroom.objectives.kinds.build_term import soft_term
from stillroom.objectives.mixture import Mixture
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.softlabels.columns.distributions import Distributions, SparseDistributions
from stillroom.softlabels.plan.fidelity import Reference, filled_weights, uniform_student_gradient


def distributions(rows: list[dict[int, float]], classes: int) -> Distributions:
    entries = [(at, key, value) for at, row in enumerate(rows) for key, value in row.items()]
    owners, ids, weights = (np.array(column) for column in zip(*entries, strict=True))
    return SparseDistributions(owners, ids, weights.astype(np.float64), len(rows), classes)


HEAD = distributions([{0: 0.5, 2: 0.25}], 4)


@pytest.mark.parametrize(
    ("missing_mass", "expected"),
    [
        ("unbiased", [0.5, 0, 0.25, 0]),
        ("renormalise", [2 / 3, 0, 1 / 3, 0]),
        ("tail_bucket", [0.5, 0.125, 0.25, 0.125]),
    ],
)
def test_missing_mass_is_filled_by_the_named_treatment(
    missing_mass: Any, expected: list[float]
) -> None:
    assert filled_weights(HEAD, missing_mass).tolist() == [pytest.approx(expected)]


def test_the_uniform_students_gradient_is_q_times_the_sum_less_the_weights() -> None:
    # q = 1/4, sum(w) = 3/4: 3/16 - w
    gradient = uniform_student_gradient(HEAD, "unbiased")
    assert gradient.tolist() == pytest.approx([-5 / 16, 3 / 16, -1 / 16, 3 / 16])
    assert uniform_student_gradient(HEAD, "renormalise").tolist() == pytest.approx(
        [-5 / 12, 1 / 4, -1 / 12, 1 / 4]
    )


@pytest.mark.parametrize("missing_mass", ["unbiased", "renormalise", "tail_bucket"])
def test_the_uniform_students_gradient_is_the_objectives_own(missing_mass: Any) -> None:
    target_labels = distributions([{0: 0.5, 2: 0.25}, {1: 0.1, 4: 0.2}], 5)
    weights = torch.tensor([[0.5, 0.25], [0.1, 0.2]], dtype=torch.float64)
    target = SoftTarget(torch.tensor([[0, 2], [1, 4]]), {2.0: weights.log()})
    logits = torch.zeros((2, 5), dtype=torch.float64, requires_grad=True)
    loss = Mixture(0.0, ((1.0, soft_term("forward_kl", 2.0, missing_mass)),))
    loss(logits, torch.tensor([-1, -1]), target).backward()
    assert logits.grad is not None
    # T^2 of the loss, 1/T of its derivative
    assert uniform_student_gradient(target_labels, missing_mass) * 2 == pytest.approx(
        logits.grad.numpy().ravel()
    )


def test_the_full_labels_have_cosine_one_and_norm_one() -> None:
    full = distributions([{0: 0.7, 1: 0.2, 2: 0.1}, {0: 0.1, 1: 0.1, 2: 0.8}], 3)
    fidelity = Reference(full, uniform_student_gradient).fidelity([full], 1.0, "unbiased")
    assert fidelity.gradient_cosine == pytest.approx(1, abs=1e-15)
    assert fidelity.gradient_norm_ratio == 1
    assert fidelity.gradient_error == fidelity.squared_error == 0
    assert (fidelity.weight_sum, fidelity.retained_mass) == (pytest.approx(1), 1)


def test_the_top_one_of_two_is_exact_with_a_tail_bucket_and_five_times_too_steep_without() -> None:
    # p = (0.6, 0.4), q = (0.5, 0.5): the full gradient is (-0.1, 0.1), renormalised (-0.5, 0.5).
    reference = Reference(distributions([{0: 0.6, 1: 0.4}], 2), uniform_student_gradient)
    head = distributions([{0: 0.6}], 2)
    bucket = reference.fidelity([head], 0.6, "tail_bucket")
    assert bucket.squared_error == pytest.approx(0, abs=1e-30)
    assert bucket.gradient_error == pytest.approx(0, abs=1e-12)
    scaled = reference.fidelity([head], 0.6, "renormalise")
    assert scaled.squared_error == pytest.approx(0.32)  # 0.4^2 + 0.4^2
    assert scaled.gradient_norm_ratio == pytest.approx(5)
    assert scaled.gradient_error == pytest.approx(4)
    assert scaled.angle == pytest.approx(0, abs=1e-5)
    assert scaled.weight_sum == pytest.approx(0.6)


def test_errors_are_averaged_over_several_draws() -> None:
    # Draws (1, 0) and (0, 1) of p = (0.75, 0.25): gradients (-.5, .5), (.5, -.5) for (-.25, .25).
    reference = Reference(distributions([{0: 0.75, 1: 0.25}], 2), uniform_student_gradient)
    draws = [distributions([{0: 1.0}], 2), distributions([{1: 1.0}], 2)]
    fidelity = reference.fidelity(draws, 0.0, "unbiased")
    assert fidelity.gradient_cosine == pytest.approx(0)  # one points along, one against
    assert fidelity.angle == pytest.approx(90)
    assert fidelity.gradient_norm_ratio == pytest.approx(2)
    assert fidelity.gradient_error == pytest.approx(2)  # 1 and 3
    assert fidelity.squared_error == pytest.approx((2 * 0.25**2 + 2 * 0.75**2) / 2)


def test_full_labels_without_a_gradient_are_refused() -> None:
    with pytest.raises(SoftLabelError, match="no gradient to compare"):
        Reference(distributions([{0: 0.5, 1: 0.5}], 2), uniform_student_gradient)
