"""Targets of a set: what a batch takes, its temperature, and what is refused."""

import doctest
from pathlib import Path

import numpy as np
import pytest
import torch
from support.softlabels.linear_teachers import capture, token_inputs
from support.softlabels.sparsifier_cases import KINDS, TOPK

from stillroom import objectives, softlabels
from stillroom.errors import SoftLabelError
from stillroom.objectives.functional import targets as module
from stillroom.softlabels import RowDistributions
from stillroom.softlabels.open_set import DenseDistributions


def test_the_examples_of_the_docstrings() -> None:
    failed, attempted = doctest.testmod(module)
    assert (failed, attempted > 5) == (0, True)


def test_a_batch_takes_the_targets_of_its_rows_in_its_order(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1)
    rows = softlabels.open(made.folder).read(made.capture_inputs.example_ids, temperature=4.0)
    targets = objectives.Targets(rows)
    expected = torch.from_numpy(made.dense(0) / 4).softmax(dim=1)
    for index in (torch.tensor([9, 0, 3]), [9, 0, 3]):
        batch = targets[index]
        torch.testing.assert_close(batch.soft.at(4.0).exp().double(), expected[[9, 0, 3]])
    assert len(targets) == 25
    assert len(targets[5:8]) == 3
    # At T = 4 the loss of the teacher's own logits is zero.
    logits = torch.from_numpy(made.dense(0)).float()
    assert objectives.forward_kl(logits, targets[:]).item() == pytest.approx(0.0, abs=1e-5)


def test_a_sequence_has_a_target_for_each_position(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1, TOPK, token_inputs(10))
    rows = softlabels.open(made.folder).read(made.capture_inputs.example_ids)
    targets = objectives.Targets(rows)
    assert targets.lengths.tolist() == [1 + row % 3 for row in range(10)]
    batch = targets[[2, 1]]  # three positions, then two
    assert len(batch) == 5
    starts = np.cumsum([0, *targets.lengths.tolist()])
    positions = [*range(starts[2], starts[3]), *range(starts[1], starts[2])]
    logits = torch.from_numpy(made.dense(0)[positions]).float()
    top = logits.softmax(dim=1).topk(2, dim=1)
    torch.testing.assert_close(batch.soft.at(1.0).exp(), top.values)
    assert batch.soft.ids.tolist() == top.indices.tolist()


def test_sampled_weights_are_known_to_be_unbiased(tmp_path: Path) -> None:
    for number, (kind, expected) in enumerate(
        zip(KINDS, [False, False, True, True, True], strict=True)
    ):
        made = capture(tmp_path / f"set {number}", 1, kind)
        rows = softlabels.open(made.folder).read(made.capture_inputs.example_ids)
        assert objectives.Targets(rows)[[0]].is_unbiased == expected
        assert objectives.Targets(rows)[[0]].to("cpu").is_unbiased == expected


def test_a_target_of_several_temperatures_needs_a_name(tmp_path: Path) -> None:
    made = capture(tmp_path / "set", 1)
    rows = softlabels.open(made.folder).read(made.capture_inputs.example_ids, [1.0, 4.0])
    target, logits = objectives.Targets(rows)[:], torch.zeros(25, 4)
    with pytest.raises(ValueError, match="temperatures 1, 4"):
        objectives.forward_kl(logits, target)
    expected = objectives.forward_kl(logits, torch.from_numpy(made.dense(0)), temperature=4.0)
    loss = objectives.forward_kl(logits, target, temperature=4.0)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_target_that_would_make_the_loss_nan_is_refused() -> None:
    rows = RowDistributions(
        [], np.array([1]), {1.0: DenseDistributions(np.array([[np.nan, 0.0]]))}, is_unbiased=False
    )
    with pytest.raises(SoftLabelError, match="row 0 holds NaN"):
        objectives.Targets(rows)
