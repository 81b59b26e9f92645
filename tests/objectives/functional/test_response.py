"""Losses as functions: the numbers of their formulas, for logits, whole and truncated targets."""

import doctest
import math

import pytest
import torch
from torch import Tensor

from stillroom import objectives
from stillroom.errors import ConfigError, SoftLabelError
from stillroom.objectives.functional import response
from stillroom.objectives.targets.soft_target import SoftTarget

P, Q = [0.5, 0.3, 0.2], [0.25, 0.5, 0.25]
TEACHER, STUDENT = (torch.tensor([one], dtype=torch.float64).log() for one in (P, Q))
# 0.5 log 2 + 0.3 log 0.6 + 0.2 log 0.8, and the other way round.
FORWARD = 0.5 * math.log(2) + 0.3 * math.log(0.6) + 0.2 * math.log(0.8)
REVERSE = 0.25 * math.log(0.5) + 0.5 * math.log(5 / 3) + 0.25 * math.log(1.25)


def head(k: int, *, is_unbiased: bool = False) -> objectives.Target:
    """Return the first k probabilities of the teacher as a truncated target at temperature 1."""
    return objectives.Target(SoftTarget(torch.arange(k)[None], {1.0: TEACHER[:, :k]}), is_unbiased)


def test_the_examples_of_the_docstrings() -> None:
    failed, attempted = doctest.testmod(response)
    assert (failed, attempted > 10) == (0, True)


def test_the_teachers_logits_can_be_the_target() -> None:
    constant = 7.0  # a constant added to logits changes no distribution
    assert objectives.forward_kl(STUDENT, TEACHER + constant).item() == pytest.approx(FORWARD)
    assert objectives.reverse_kl(STUDENT, TEACHER).item() == pytest.approx(REVERSE)


def test_the_temperature_divides_both_logits_and_t_squared_multiplies_the_loss() -> None:
    loss = objectives.forward_kl(4 * STUDENT, 4 * TEACHER, temperature=4.0)
    assert loss.item() == pytest.approx(16 * FORWARD)


def test_the_missing_mass_is_dropped_or_one_more_outcome_or_the_labels() -> None:
    # The head is 0.5; the student has 0.25 there, and 0.75 elsewhere.
    bucket = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    assert objectives.forward_kl(STUDENT, head(1)).item() == pytest.approx(bucket)
    dropped = objectives.forward_kl(STUDENT, head(1), missing_mass="renormalise")
    assert dropped.item() == pytest.approx(math.log(1 / 0.25))
    # The label 1 gets the other half, where the student has 0.5: 0.5 log 2 + 0.5 log 1.
    labels = torch.tensor([1])
    given = objectives.forward_kl(STUDENT, head(1), missing_mass="ground_truth", labels=labels)
    assert given.item() == pytest.approx(0.5 * math.log(2))
    with pytest.raises(ValueError, match="Give them"):
        objectives.forward_kl(STUDENT, head(1), missing_mass="ground_truth")


def test_unbiased_weights_are_a_cross_entropy_and_have_no_head() -> None:
    # Weights may sum to more than one: 2 * 0.5 at class 0, which is -log 0.25 twice halved.
    loss = objectives.forward_kl(STUDENT, head(1, is_unbiased=True))
    assert loss.item() == pytest.approx(0.5 * math.log(4))
    for function in (objectives.reverse_kl, objectives.decoupled_topk):
        with pytest.raises(ConfigError, match="neither"):
            function(STUDENT, head(1, is_unbiased=True))


def test_the_parameters_of_each_loss_reach_its_formula() -> None:
    m = [0.3 * p + 0.7 * q for p, q in zip(P, Q, strict=True)]
    expected = {
        objectives.jensen_shannon: 0.3 * kl(P, m) + 0.7 * kl(Q, m),
        objectives.skew_kl: kl(P, m),
        objectives.skew_reverse_kl: kl(Q, [0.3 * q + 0.7 * p for p, q in zip(P, Q, strict=True)]),
    }
    given = {objectives.jensen_shannon: "beta"}
    for function, value in expected.items():
        loss = function(STUDENT, TEACHER, **{given.get(function, "alpha"): 0.3})
        assert loss.item() == pytest.approx(value), function.__name__


def test_dkd_weighs_the_label_and_the_others() -> None:
    label = torch.tensor([0])
    masses = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    among = kl([0.6, 0.4], [2 / 3, 1 / 3])
    loss = objectives.dkd(STUDENT, TEACHER, label, alpha=2.0, beta=3.0)
    assert loss.item() == pytest.approx(2 * masses + 3 * among)


def test_rows_are_averaged_added_or_returned() -> None:
    student, teacher = torch.cat([STUDENT, TEACHER]), TEACHER.repeat(2, 1)
    values = objectives.forward_kl(student, teacher, reduction="none")
    torch.testing.assert_close(values, torch.tensor([FORWARD, 0.0], dtype=torch.float64))
    assert objectives.forward_kl(student, teacher).item() == pytest.approx(FORWARD / 2)
    assert objectives.forward_kl(student, teacher, reduction="sum").item() == pytest.approx(FORWARD)
    with pytest.raises(ValueError, match="reduction is 'median'"):
        objectives.forward_kl(student, teacher, reduction="median")  # type: ignore[arg-type]


def test_the_student_gets_a_gradient_and_the_teacher_none() -> None:
    student, teacher = STUDENT.clone().requires_grad_(), TEACHER.clone().requires_grad_()
    objectives.forward_kl(student, teacher).backward()
    assert teacher.grad is None
    assert isinstance(student.grad, Tensor)
    # The gradient of KL(p || q) by the logits of q is q - p.
    torch.testing.assert_close(
        student.grad, torch.tensor([Q]).double() - torch.tensor([P]).double()
    )


def test_tensors_that_do_not_fit_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \[1, 1, 3\]"):
        objectives.forward_kl(STUDENT[None], TEACHER)
    with pytest.raises(ValueError, match="logits have 2 rows, the target has 1"):
        objectives.forward_kl(STUDENT.repeat(2, 1), TEACHER)
    with pytest.raises(ValueError, match="logits have 2 classes, and the target has 3"):
        objectives.forward_kl(STUDENT[:, :2], TEACHER)
    with pytest.raises(ValueError, match="labels have 2"):
        objectives.dkd(STUDENT, TEACHER, torch.tensor([0, 1]))
    with pytest.raises(SoftLabelError, match="temperature 1"):
        objectives.forward_kl(STUDENT, head(2), temperature=2.0)


def kl(p: list[float], q: list[float]) -> float:
    """Return KL(p || q) in nats."""
    return sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
