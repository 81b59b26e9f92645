"""Missing mass: the result of each treatment, by hand."""

import math

import pytest
import torch

from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.missing_mass_treatment import (
    SMALLEST,
    ground_truth,
    renormalise,
    tail_bucket,
)
from stillroom.objectives.targets.soft_target import SoftTarget

# Four classes; the teacher's head is class 0 with 1/2 and class 2 with 1/4; the student is uniform.
IDS = torch.tensor([[0, 2]])
TARGET = SoftTarget(IDS, {1.0: torch.tensor([[0.5, 0.25]], dtype=torch.float64).log()})
UNIFORM = torch.zeros(1, 4, dtype=torch.float64)


def made(treatment, label: int, target: SoftTarget = TARGET) -> tuple[list[float], list[float]]:  # type: ignore[no-untyped-def]
    labels = torch.tensor([label])
    logits = UNIFORM[:, : 4 if target is TARGET else 2]
    seen = gather(logits, target, labels, [1.0])
    log_p, log_q = treatment(seen, target, labels, 1.0)
    return log_p[0].exp().tolist(), log_q[0].exp().tolist()


def test_the_tail_is_one_bucket() -> None:
    p, q = made(tail_bucket, -1)
    assert p == pytest.approx([0.5, 0.25, 0.25])
    assert q == pytest.approx([0.25, 0.25, 0.5])


def test_renormalised_the_rest_has_no_probability() -> None:
    p, q = made(renormalise, -1)
    assert p == pytest.approx([2 / 3, 1 / 3, 0])
    assert q == pytest.approx([0.25, 0.25, 0.5])


def test_a_label_in_the_head_gets_what_is_missing() -> None:
    p, q = made(ground_truth, 2)
    assert p == pytest.approx([0.5, 0.5, 0, 0])
    assert q == pytest.approx([0.25, 0.25, 0, 0.5])


def test_a_label_outside_of_the_head_is_an_outcome_of_its_own() -> None:
    p, q = made(ground_truth, 3)
    assert p == pytest.approx([0.5, 0.25, 0.25, 0])
    assert q == pytest.approx([0.25, 0.25, 0.25, 0.25])


def test_without_a_label_the_head_is_renormalised() -> None:
    p, q = made(ground_truth, -1)
    assert p == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert q == pytest.approx([0.25, 0.25, 0, 0.5])


@pytest.mark.parametrize("treatment", [tail_bucket, renormalise, ground_truth])
def test_a_whole_target_has_no_rest(treatment) -> None:  # type: ignore[no-untyped-def]
    whole = SoftTarget(torch.tensor([[1, 0]]), {1.0: torch.tensor([[0.75, 0.25]]).double().log()})
    p, q = made(treatment, 1, whole)
    assert p[:2] == pytest.approx([0.75, 0.25])
    assert q[:2] == pytest.approx([0.5, 0.5])
    assert p[2:] == q[2:] == [0.0] * len(p[2:])


def test_a_head_that_seems_whole_leaves_a_rest_that_has_a_logarithm() -> None:
    head = SoftTarget(IDS, {1.0: torch.tensor([[0.5, 0.5]], dtype=torch.float64).log()})
    seen = gather(UNIFORM, head, torch.tensor([-1]), [1.0])
    log_p, _ = tail_bucket(seen, head, torch.tensor([-1]), 1.0)
    assert log_p[0, 2].item() == pytest.approx(math.log(SMALLEST))


def test_a_label_that_is_nearly_all_of_the_rest_leaves_a_finite_gradient() -> None:
    logits = torch.tensor([[0.0, -80.0, 0.0, 30.0]], requires_grad=True)
    labels = torch.tensor([3])
    target = SoftTarget(IDS, {1.0: torch.tensor([[0.5, 0.25]]).log()})
    _, log_q = ground_truth(gather(logits, target, labels, [1.0]), target, labels, 1.0)
    log_q[0, 3].backward()
    assert logits.grad is not None
    assert logits.grad.isfinite().all()
