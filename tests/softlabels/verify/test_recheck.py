"""Recheck: equal answers pass; answers to other rows or from other teachers are refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.softlabels.linear_teachers import Captured, capture, linear

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.capture.promises import Promises
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.verify.recheck import RECHECK_BOUND, recheck_distance, rows_to_recheck

KINDS: list[Sparsifier] = [
    Full(),
    TopK(k=2, temperatures=(1.0,)),
    Sample(samples=50, temperature=1.0),
    FixedThreshold(k=2, temperature=1.0),
]
BY_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)


def first_shard(made: Captured) -> tuple[Shard, Decoded, list[CaptureInput]]:
    """Return a shard, its decoded rows and their inputs."""
    shard, table = next(iter(made.labels.tables(0)))
    return shard, Decoded(table, made.labels.layout(0)), list(made.capture_inputs)[: shard.rows]


@BY_KIND
def test_the_same_teacher_gives_the_same_answers_twice(tmp_path: Path, kind: Sparsifier) -> None:
    made = capture(tmp_path / "set", 1, kind)
    shard, decoded, inputs = first_shard(made)
    assert recheck_distance(decoded, inputs, range(shard.rows), made.members[0], "here") == 0


@BY_KIND
def test_a_row_of_another_input_is_named(tmp_path: Path, kind: Sparsifier) -> None:
    made = capture(tmp_path / "set", 1, kind)
    _, decoded, inputs = first_shard(made)
    other = CaptureInput(inputs[1].row, inputs[4].input)
    with pytest.raises(SoftLabelError, match="here, row 1: the teacher's answer changed"):
        recheck_distance(decoded, [inputs[0], other, *inputs[2:]], [0, 1], made.members[0], "here")


@BY_KIND
def test_another_teacher_is_refused(tmp_path: Path, kind: Sparsifier) -> None:
    shard, decoded, inputs = first_shard(capture(tmp_path / "set", 1, kind))
    with pytest.raises(SoftLabelError, match="the teacher's answer changed"):
        recheck_distance(decoded, inputs, range(shard.rows), linear(9, kind), "here")


def test_a_teacher_that_promises_no_equal_answers_is_measured_not_refused(tmp_path: Path) -> None:
    shard, decoded, inputs = first_shard(capture(tmp_path / "set", 1, Full()))
    other = replace(linear(9, Full()), promises=Promises(repeatable=True, exact=False))
    assert recheck_distance(decoded, inputs, range(shard.rows), other, "here") > RECHECK_BOUND


def test_the_row_with_the_largest_entropy_and_one_by_the_shards_hash_are_rechecked(
    tmp_path: Path,
) -> None:
    shard, decoded, _ = first_shard(capture(tmp_path / "set", 1))
    largest_entropy = int(np.argmax(decoded.entropy))
    assert rows_to_recheck(shard, decoded) == sorted(
        {largest_entropy, int(shard.sha256[:8], 16) % shard.rows}
    )
