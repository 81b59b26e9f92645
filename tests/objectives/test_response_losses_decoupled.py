"""Decoupled response terms: hand-computed numbers, and how their parts add up."""

import math

import pytest
import torch
from support.objectives.term_cases import kl, logs, some_target, target, value_of

from stillroom.objectives.response_losses import (
    DecoupledKD,
    DecoupledTopK,
)
from stillroom.objectives.targets.soft_target import SoftTarget


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
    value = value_of(DecoupledTopK(2.0), torch.zeros(1, 4, dtype=torch.float64), of)
    assert value.item() == pytest.approx(masses + 0.625 * 4 * inside)


def test_decoupled_kd_by_hand() -> None:
    # Teacher (1/2, 1/4, 1/4), student uniform over three; the label is class 0.
    of = target(logs([0.5, 0.25, 0.25]), 1.0)
    logits = torch.zeros(1, 3, dtype=torch.float64)
    masses = 0.5 * math.log(0.5 * 3) + 0.5 * math.log(0.5 * 3 / 2)
    assert value_of(DecoupledKD(1.0, 8.0, 1.0), logits, of, [0]).item() == pytest.approx(masses)
    # With class 1 as the label the others are (2/3, 1/3) against (1/2, 1/2).
    masses = 0.25 * math.log(0.25 * 3) + 0.75 * math.log(0.75 * 3 / 2)
    among = 2 / 3 * math.log(4 / 3) + 1 / 3 * math.log(2 / 3)
    value = value_of(DecoupledKD(1.0, 8.0, 1.0), logits, of, [1])
    assert value.item() == pytest.approx(masses + 8 * among)


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
    # The teacher's (.35, .3, .2, .1, .05), two of them stored; class 2 is the label.
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
    # In float32 the sum of the stored mass may lack 6e-8, sixty times the true mass of the others.
    p = torch.tensor([[1 - 6e-8, 1e-9]], dtype=torch.float32)
    of = SoftTarget(torch.tensor([[0, 1]]), {1.0: p.log()})
    others = value_of(DecoupledKD(0.0, 1.0, 1.0), torch.zeros(1, 9), of, [0])
    assert others.item() == pytest.approx(math.log(8), rel=1e-5)  # all of it on class 1
