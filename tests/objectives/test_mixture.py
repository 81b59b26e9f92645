"""Mixtures: the weights are those that were asked for."""

import math
from typing import get_args

import pytest
import torch

from stillroom.config.schema import Objective
from stillroom.objectives.mixture import SOFT_TERMS, Distillation, HardLabels
from stillroom.objectives.response import forward_kl, renormalised_kl, soft_cross_entropy
from stillroom.objectives.target import SoftTarget

LOGITS = torch.zeros(2, 2, dtype=torch.float64)
LABELS = torch.tensor([0, -1])
TARGET = SoftTarget(
    torch.tensor([[0, 1], [0, 1]]), torch.tensor([[0.75, 0.25], [0.5, 0.5]]).double().log(), 1.0
)
HARD = math.log(2)  # of the one labelled row
SOFT = (0.75 * math.log(1.5) + 0.25 * math.log(0.5)) / 2  # the second row's divergence is zero


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_each_term_is_a_mean_over_the_rows_that_it_applies_to(weight: float) -> None:
    loss = Distillation(1.0, weight, forward_kl)(LOGITS, LABELS, TARGET)
    assert loss.item() == pytest.approx(weight * HARD + (1 - weight) * SOFT)


def test_hard_labels_do_not_look_at_the_target() -> None:
    assert HardLabels()(LOGITS, LABELS, TARGET).item() == pytest.approx(HARD)
    assert HardLabels()(LOGITS, LABELS, None).item() == pytest.approx(HARD)


def test_distillation_without_a_target_is_an_error() -> None:
    with pytest.raises(ValueError, match="needs a soft target"):
        Distillation(1.0, 0.5, forward_kl)(LOGITS, LABELS, None)


def test_the_names_of_the_config_are_the_terms() -> None:
    treatments = get_args(Objective.__annotations__["missing_mass"])
    assert sorted(SOFT_TERMS) == sorted([*treatments, "unbiased"])
    assert SOFT_TERMS["tail_bucket"] is forward_kl
    assert SOFT_TERMS["renormalise"] is renormalised_kl
    assert SOFT_TERMS["unbiased"] is soft_cross_entropy


def test_unbiased_targets_mix_as_the_others_do() -> None:
    # Uniform over two: each unit of weight costs ln 2, and every row's weights sum to one.
    loss = Distillation(1.0, 0.25, soft_cross_entropy)(LOGITS, LABELS, TARGET)
    assert loss.item() == pytest.approx(0.25 * HARD + 0.75 * math.log(2))
