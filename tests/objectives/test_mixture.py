"""Mixtures: the loss has the requested weights."""

import math

import pytest
import torch
from support.objectives.term_cases import EVERY_TERM, some_target
from torch import nn

from stillroom.objectives.divergences import forward_kl
from stillroom.objectives.feature_batch import Features
from stillroom.objectives.gathered_logits import gather
from stillroom.objectives.missing_mass_treatment import tail_bucket
from stillroom.objectives.mixture import BatchCounts, Mixture, hard_labels
from stillroom.objectives.relation_losses import RelationalDistance
from stillroom.objectives.response_losses import DecoupledTopK, Divergence, SoftCrossEntropy
from stillroom.objectives.targets.soft_target import SoftTarget

LOGITS = torch.zeros(2, 2, dtype=torch.float64)
LABELS = torch.tensor([0, -1])
TARGET = SoftTarget(
    torch.tensor([[0, 1], [0, 1]]), {1.0: torch.tensor([[0.75, 0.25], [0.5, 0.5]]).double().log()}
)
HARD = math.log(2)  # of the one labelled row
SOFT = (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / 2  # the second row's divergence is zero
KL = Divergence(forward_kl, tail_bucket, 1.0)


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_each_term_is_a_mean_over_the_rows_that_it_applies_to(weight: float) -> None:
    loss = Mixture(weight, ((1.0, KL),))(LOGITS, LABELS, TARGET)
    assert loss.item() == pytest.approx(weight * HARD + (1 - weight) * SOFT)


def test_several_terms_are_weighed_each_by_its_own() -> None:
    # Uniform over two classes: each unit of soft weight costs ln 2; every row's weights sum to one.
    loss = Mixture(0.25, ((1.0, KL), (0.5, SoftCrossEntropy(1.0))))(LOGITS, LABELS, TARGET)
    assert loss.item() == pytest.approx(0.25 * HARD + 0.75 * (SOFT + 0.5 * math.log(2)))


def test_hard_labels_do_not_look_at_the_target() -> None:
    assert hard_labels()(LOGITS, LABELS, TARGET).item() == pytest.approx(HARD)
    assert hard_labels()(LOGITS, LABELS, None).item() == pytest.approx(HARD)


def test_distillation_without_a_target_is_an_error() -> None:
    with pytest.raises(ValueError, match="given no soft target"):
        Mixture(0.5, ((1.0, KL),))(LOGITS, LABELS, None)


def test_temperatures_are_those_of_the_terms_and_the_labels_own() -> None:
    loss = Mixture(0.5, ((1.0, Divergence(forward_kl, tail_bucket, 4.0)),))
    assert (loss.temperatures, loss.student_temperatures) == ((4.0,), (1.0, 4.0))
    assert Mixture(0.0, loss.terms).student_temperatures == (4.0,)
    assert Mixture(0.0, ((1.0, DecoupledTopK(8.0)),)).temperatures == (1.0,)


def test_parts_of_a_batch_add_up_to_it() -> None:
    draws = torch.Generator().manual_seed(0)
    logits = torch.randn(7, 9, generator=draws, dtype=torch.float64)
    labels = torch.tensor([4, -1, 0, 8, -1, 2, 2])
    loss = Mixture(0.3, tuple((1.0, term) for term in EVERY_TERM))
    target = some_target(draws, 7, 9, 4, loss.temperatures)
    counts = BatchCounts.of(labels)
    parts = [
        loss.of_gathered(
            gather(logits[rows], target.rows(rows), labels[rows], loss.student_temperatures),
            target.rows(rows),
            labels[rows],
            counts,
        )
        for rows in (slice(0, 3), slice(3, 7))
    ]
    assert sum(parts).item() == pytest.approx(loss(logits, labels, target).item())


def test_a_batch_without_labels_learns_from_the_teacher_alone() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = Mixture(0.5, ((1.0, KL),))(logits, torch.tensor([-1, -1]), TARGET)
    loss.backward()
    assert loss.item() == pytest.approx(0.5 * SOFT)
    assert logits.grad is not None
    assert logits.grad.isfinite().all()


def test_distances_are_float32_under_autocast() -> None:
    draws = torch.Generator().manual_seed(0)
    # Far from the origin and close together: a Gram matrix in bfloat16 is not precise enough.
    student, teacher = (
        Features(torch.relu(2 + 0.3 * torch.randn(64, 64, generator=draws))) for _ in range(2)
    )
    loss = Mixture(0.0, (), ((1.0, RelationalDistance()),))
    plain = loss.of_features(student, teacher, nn.Identity(), BatchCounts(64, 64, 64))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = loss.of_features(student, teacher, nn.Identity(), BatchCounts(64, 64, 64))
    assert half.item() == plain.item()
