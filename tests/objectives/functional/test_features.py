"""Losses of hidden states as functions: their formulas, the teacher's gradient, and autocast."""

import doctest

import pytest
import torch

from stillroom import objectives
from stillroom.errors import ConfigError
from stillroom.objectives.functional import features


def test_the_examples_of_the_docstrings() -> None:
    failed, attempted = doctest.testmod(features)
    assert (failed, attempted > 8) == (0, True)


def test_padding_does_not_count() -> None:
    student = torch.tensor([[[1.0], [9.0]], [[1.0], [2.0]]])
    inside = torch.tensor([[True, False], [True, True]])
    values = objectives.hidden_mse(student, torch.zeros(2, 2, 1), inside=inside, reduction="none")
    assert values.tolist() == [1.0, 2.5]  # (1 + 4) / 2
    assert objectives.pool(student, inside).tolist() == [[1.0], [1.5]]


def test_a_projection_maps_the_student_to_the_width_of_the_teacher_and_learns() -> None:
    project = torch.nn.Linear(1, 2, bias=False)
    torch.nn.init.ones_(project.weight)
    student, teacher = torch.tensor([[2.0]]), torch.tensor([[1.0, 4.0]], requires_grad=True)
    loss = objectives.hidden_mse(student, teacher, project=project)
    loss.backward()
    assert loss.item() == 2.5  # (1 + 4) / 2
    assert teacher.grad is None
    # 2 * (2 - 1) * 2 / 2 and 2 * (2 - 4) * 2 / 2
    assert project.weight.grad is not None
    assert project.weight.grad.flatten().tolist() == [2.0, -4.0]
    with pytest.raises(ConfigError, match="cannot be compared"):
        objectives.hidden_mse(student, teacher)


def test_relations_are_compared_in_float32_under_autocast() -> None:
    student = 1000 + torch.tensor([[0.0], [1.0], [3.0]])
    with torch.autocast("cpu", torch.bfloat16):
        loss = objectives.rkd_distance(student.bfloat16().float(), student.bfloat16().float())
        exact = objectives.rkd_distance(student, 10 * student)
    assert loss.item() == 0.0
    assert exact.item() == pytest.approx(0.0, abs=1e-3)


def test_each_row_has_a_value_of_its_own() -> None:
    student, teacher = torch.eye(2), torch.ones(2, 1)
    values = objectives.similarity_preserving(student, teacher, reduction="none")
    # Each row differs by 1 - 0.7071 and by 0.7071: (0.0858 + 0.5) / 2.
    torch.testing.assert_close(values, torch.full((2,), 0.292893))
    layers = [torch.rand(2, 3, 3, 4, generator=torch.Generator().manual_seed(0))]
    assert objectives.attention_transfer(layers, layers, reduction="sum").item() == 0.0
