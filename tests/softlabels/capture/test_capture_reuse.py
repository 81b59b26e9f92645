"""Reuse: rows of the store are not captured again; rows that differ in anything are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels.linear_teachers import (
    CLASSES,
    MemoryInputs,
    capture,
    capture_inputs,
    example_id,
    fill,
    linear,
)
from support.softlabels.sparsifier_cases import (
    TOPK,
    from_scratch,
    kinds,
    truncated,
)

from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store


@kinds
def test_equal_inputs_are_captured_once_within_a_chunk_across_chunks_and_across_runs(
    tmp_path: Path, kind: Sparsifier
) -> None:
    inputs = capture_inputs(4).take([0, 1, 0, 2, 1, 3] * 5)
    rows = tuple(replace(row, example_id=example_id(at)) for at, row in enumerate(inputs.rows))
    inputs = replace(inputs, rows=rows).with_rows(part="one")
    member, store = linear(1, kind), Store(tmp_path)
    shards = fill(member, store, inputs, 4)
    assert len(shards) > 2
    assert sorted(member.seen) == sorted(seen.tobytes() for seen in capture_inputs(4).inputs)
    others = inputs.with_rows(part="two", example_id=b"another's own id")
    assert fill(member, store, others, 4) != shards
    assert len(member.seen) == 4


@kinds
def test_draws_of_one_input_share_an_answer_and_are_drawn_apart(
    tmp_path: Path, kind: Sparsifier
) -> None:
    plain = capture_inputs(12).with_rows(part="one")
    inputs = MemoryInputs(
        plain.rows + plain.with_rows(draw=1).rows, plain.inputs + plain.inputs
    ).take([at + 12 * draw for at in range(12) for draw in range(2)])
    made = capture(tmp_path / "set", members=1, sparsifier=kind, inputs=inputs)
    again = len(made.members[0].seen) - 12
    # A cut between chunks separates the draws of an input; the teacher answers it once more.
    assert again <= len(made.labels.manifest.members[0].shards)
    first, second = (
        made.labels.distributions([(q.row.example_id, 0, draw) for q in plain], 1.0).dense()
        for draw in range(2)
    )
    is_drawn = kind not in (Full(), TOPK)
    assert (first != second).any() == is_drawn


@truncated
def test_a_changed_hard_label_is_captured_again_where_its_log_probability_is_stored(
    tmp_path: Path, kind: Sparsifier
) -> None:
    member, store = linear(1, kind), Store(tmp_path)
    inputs = capture_inputs()
    before = fill(member, store, inputs)
    changed = relabelled(inputs, row=3)
    member.seen.clear()
    after = fill(member, store, changed)
    assert member.seen == [inputs.inputs[3].tobytes()]
    assert len(set(after) - set(before)) == 1
    assert after == from_scratch(kind, changed)


def test_a_changed_hard_label_of_a_full_capture_runs_no_teacher(tmp_path: Path) -> None:
    member, store = linear(1, Full()), Store(tmp_path)
    before = fill(member, store, capture_inputs())
    member.seen.clear()
    assert fill(member, store, relabelled(capture_inputs(), row=3)) == before
    assert member.seen == []


def relabelled(inputs: MemoryInputs, row: int) -> MemoryInputs:
    old = inputs.rows[row]
    assert old.label is not None
    new = replace(old, labels=np.array([(old.label + 1) % CLASSES], np.int32))
    return replace(inputs, rows=(*inputs.rows[:row], new, *inputs.rows[row + 1 :]))


@pytest.mark.parametrize(
    "other",
    [
        {"weights": "other"},
        {"architecture": "other"},
        {"preprocessing": "other"},
        {"augmentation": "crops"},
        {"dtype": "bfloat16"},
        {"sparsifier": replace(TOPK, k=TOPK.k + 1)},
        {"sparsifier": replace(TOPK, temperatures=(*TOPK.temperatures, 7.0))},
        {"seed": 1},
        {"batch_size": 8},
        {"libraries": ("numpy 3",)},
        {"device": "cuda"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_a_teacher_with_another_ingredient_captures_everything(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    store = Store(tmp_path)
    shards = fill(linear(1, TOPK), store, capture_inputs())
    member = linear(1, TOPK)
    member.capture = replace(member.capture, **other)
    assert not set(fill(member, store, capture_inputs())) & set(shards)
    assert len(member.seen) == 25
