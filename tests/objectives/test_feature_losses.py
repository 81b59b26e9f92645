"""Feature terms: numbers by hand, and errors that name what does not fit."""

import math

import pytest
import torch

from stillroom.errors import ConfigError
from stillroom.objectives.feature_batch import Features, each, pooled
from stillroom.objectives.feature_losses import (
    AttentionTransfer,
    FeatureTerm,
    HiddenCosine,
    HiddenMSE,
)

IDENTITY = torch.nn.Identity()


def features(*layers: list) -> Features:  # type: ignore[type-arg]
    return Features.of([torch.tensor(layer, dtype=torch.float64) for layer in layers])


def test_mean_squared_error_by_hand() -> None:
    ours, theirs = features([[1.0, 2.0], [0.0, 0.0]]), features([[1.0, 4.0], [3.0, 3.0]])
    assert HiddenMSE(pooled)(ours, theirs, IDENTITY).tolist() == [2.0, 9.0]


def test_cosine_by_hand() -> None:
    ours = features([[1.0, 0.0], [1.0, 1.0], [2.0, 0.0]])
    theirs = features([[5.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    distances = HiddenCosine(pooled)(ours, theirs, IDENTITY).tolist()
    assert distances == pytest.approx([0.0, 1 - math.sqrt(0.5), 2.0])


@pytest.mark.parametrize("kind", [HiddenMSE, HiddenCosine])
def test_each_position_is_not_the_pooled_one(kind: type) -> None:
    ours = features([[[1.0, 0.0], [0.0, 1.0]]])
    theirs = features([[[0.0, 1.0], [1.0, 0.0]]])  # the same after averaging
    assert kind(pooled)(ours, theirs, IDENTITY).tolist() == pytest.approx([0.0], abs=1e-7)
    assert kind(each)(ours, theirs, IDENTITY).tolist() == pytest.approx([1.0])
    assert kind.projects  # type: ignore[attr-defined]


def test_a_projection_brings_the_student_to_the_teachers_width_and_learns() -> None:
    project = torch.nn.Linear(2, 1, bias=False).double()
    torch.nn.init.ones_(project.weight)
    ours, theirs = features([[1.0, 2.0]]), features([[5.0]])
    loss = HiddenMSE(pooled)(ours, theirs, project)
    assert loss.tolist() == [4.0]
    loss.sum().backward()
    assert project.weight.grad is not None
    assert project.weight.grad.tolist() == [[2 * -2.0 * 1.0, 2 * -2.0 * 2.0]]


def test_features_of_other_shapes_are_named() -> None:
    ours, theirs = features([[[1.0], [2.0]]]), features([[[1.0], [2.0], [3.0]]])
    with pytest.raises(ConfigError, match=r"student's features are 2 x 1 and the teacher's 3 x 1"):
        HiddenMSE(each)(ours, theirs, IDENTITY)


def test_attention_transfer_by_hand() -> None:
    # Mean squares: ours (1, 0) and theirs (4, 4) on two positions; normalised (1, 0), (s, s).
    ours, theirs = features([[[1.0, 1.0], [0.0, 0.0]]]), features([[[2.0], [-2.0]]])
    s = math.sqrt(0.5)
    distances = AttentionTransfer()(ours, theirs, IDENTITY).tolist()
    assert distances == pytest.approx([(1 - s) ** 2 + s**2])


def test_layers_are_summed_where_networks_are_equally_deep_and_else_the_last_are_compared() -> None:
    first, last = [[[1.0], [0.0]]], [[[0.0], [1.0]]]
    ours, theirs = features(first, last), features(last, last)
    assert AttentionTransfer()(ours, theirs, IDENTITY).tolist() == pytest.approx([2.0])
    deeper = features(first, first, last)
    assert AttentionTransfer()(ours, deeper, IDENTITY).tolist() == pytest.approx([0.0])


def test_a_larger_map_is_averaged_down() -> None:
    small = features([[[[1.0], [2.0]]]])  # 1 x 2: mean squares 1 and 4
    large = features([[[[1.0], [1.0], [2.0], [2.0]], [[1.0], [1.0], [2.0], [2.0]]]])  # 2 x 4
    assert AttentionTransfer()(small, large, IDENTITY).tolist() == pytest.approx([0.0])
    assert AttentionTransfer()(large, small, IDENTITY).tolist() == pytest.approx([0.0])


def test_what_has_no_map_or_cannot_be_averaged_is_named() -> None:
    flat, three, four = features([[1.0, 2.0]]), features([[[1.0]] * 3]), features([[[1.0]] * 4])
    with pytest.raises(ConfigError, match="compares maps, but one of the models has none"):
        AttentionTransfer()(flat, flat, IDENTITY)
    with pytest.raises(ConfigError, match="only images can be averaged down"):
        AttentionTransfer()(three, four, IDENTITY)
    assert not AttentionTransfer.projects


@pytest.mark.parametrize("term", [HiddenMSE(each), HiddenCosine(each), AttentionTransfer()])
def test_masking_a_position_equals_leaving_it_out(term: FeatureTerm) -> None:
    draws = torch.Generator().manual_seed(0)
    ours, theirs = (torch.randn(2, 5, 3, generator=draws) for _ in range(2))
    lengths = (3, 5)
    inside = torch.arange(5) < torch.tensor(lengths)[:, None]
    together = term(Features.of([ours], inside), Features.of([theirs], inside), IDENTITY)
    for row, length in enumerate(lengths):
        alone = [Features.of([one[row : row + 1, :length]]) for one in (ours, theirs)]
        torch.testing.assert_close(together[row : row + 1], term(*alone, IDENTITY))
