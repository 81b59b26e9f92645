"""Transcode: a richer capture gives the same bytes as the teacher, or it gives nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels.linear_teachers import (
    Linear,
    MemoryInputs,
    capture_inputs,
    linear,
    token_inputs,
)
from support.softlabels.transcode_cases import (
    SMALLER,
    TOPK,
    after,
    captured_directly,
    each_kind_of_rows,
    fill,
    poorer,
)

from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store


def in_draws(inputs: MemoryInputs, count: int) -> MemoryInputs:
    """Return each input in several draws, side by side."""
    return MemoryInputs(
        tuple(replace(row, draw=draw) for row in inputs.rows for draw in range(count)),
        tuple(seen for seen in inputs.inputs for _ in range(count)),
    )


def seen(inputs: MemoryInputs) -> list[bytes]:
    return sorted(one.tobytes() for one in inputs.inputs)


@poorer
@pytest.mark.parametrize(
    ("rows", "classes"),
    [(capture_inputs(), 4), (token_inputs(), 4), (token_inputs(classes=300), 300)],
    ids=["classes", "tokens", "many tokens"],
)
def test_every_sparsifier_is_transcoded_from_full_as_the_teacher_would_give_it(
    tmp_path: Path, poor: Sparsifier, rows: MemoryInputs, classes: int
) -> None:
    store = Store(tmp_path)
    member = after(linear(1, Full(), classes), store, rows, poor)
    capturing = MemberCapture(member, store, 64)
    assert list(capturing.shards(rows, lambda rows: None)) == captured_directly(member, rows)
    assert member.seen == []
    assert (capturing.counts.stored_apart, capturing.counts.captured) == (len(rows), 0)


@poorer
@each_kind_of_rows
def test_every_draw_is_transcoded_from_one_full_answer(
    tmp_path: Path, poor: Sparsifier, rows: MemoryInputs
) -> None:
    store = Store(tmp_path)
    member = after(linear(1, Full()), store, rows, poor)
    thrice = in_draws(rows, 3)
    assert fill(member, store, thrice) == captured_directly(member, thrice)
    assert member.seen == []


@poorer
def test_a_whole_capture_serves_labels_and_seeds_that_came_later(
    tmp_path: Path, poor: Sparsifier
) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows, poor)
    first = fill(member, store, rows)
    relabelled = rows.with_rows(labels=np.array([2], np.int32))
    assert fill(member, store, relabelled) == captured_directly(member, relabelled)
    reseeded = replace(member, capture=replace(member.capture, seed=7))
    shards = fill(reseeded, store, rows)
    assert shards == captured_directly(reseeded, rows)
    assert shards != first
    assert member.seen == []


@pytest.mark.parametrize(
    "poor",
    [
        SMALLER,
        TopK(k=1, temperatures=(1.0, 4.0)),
        TopK(k=3, temperatures=(1.0,)),
        TopK(k=2, temperatures=(4.0,)),
        TopK(k=3, temperatures=(4.0, 1.0)),
    ],
    ids=str,
)
@each_kind_of_rows
def test_a_smaller_k_and_fewer_temperatures_are_transcoded_to_the_byte(
    tmp_path: Path, poor: TopK, rows: MemoryInputs
) -> None:
    store = Store(tmp_path)
    member = after(linear(1, TOPK), store, rows, poor)
    assert fill(member, store, rows) == captured_directly(member, rows)
    assert member.seen == []


def teacher_of(logits: list[list[float]], kind: Sparsifier) -> tuple[Linear, MemoryInputs]:
    """Return a teacher that answers with its inputs, and inputs that are these logits."""
    answers = np.array(logits, np.float32)
    member = linear(1, kind, answers.shape[1])
    rows = capture_inputs(len(answers), classes=answers.shape[1]).rows
    same = replace(member, weights=np.eye(answers.shape[1], dtype=np.float32))
    return same, MemoryInputs(rows, tuple(answers))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_ties_are_cut_where_the_teachers_own_would_be(tmp_path: Path, k: int) -> None:
    logits = [[1.0, 2, 2, 2, 0], [0.0, 0, 0, 0, 0], [3.0, 1, 3, 1, 3], [0.0, -0.0, 1, -0.0, 0]]
    member, rows = teacher_of(logits, TopK(k=4, temperatures=(1.0,)))
    poor = after(member, Store(tmp_path), rows, TopK(k=k, temperatures=(1.0,)))
    assert fill(poor, Store(tmp_path), rows) == captured_directly(poor, rows)
    assert poor.seen == []


def test_logits_that_are_equal_after_subtraction_of_the_peak_still_differ(
    tmp_path: Path,
) -> None:
    member, rows = teacher_of([[4096.0, 0.0, 2**-20, -1.0]], TOPK)
    assert np.float32(0.0) - np.float32(4096) == np.float32(2**-20) - np.float32(4096)
    poor = after(member, Store(tmp_path), rows, SMALLER)
    shards = fill(poor, Store(tmp_path), rows)
    assert shards == captured_directly(poor, rows)
    assert poor.seen == []
    table = MemberCapture(poor, Store(tmp_path), 64).index._table(shards[0])
    assert table is not None
    assert table["ids"].to_pylist() == [[0, 2]]


# If possible, exponentials at one temperature are powers of those at another, and their bits depend
# on both: 20, 8, 4, 2 and 1 share them, and so do 4, 2 and 1 beside a 30.
POWERS, APART = (1.0, 2.0, 4.0, 8.0, 20.0), (1.0, 2.0, 4.0, 30.0)


SAME_BITS = [(POWERS, POWERS), (APART, APART), (APART, (1.0, 2.0, 4.0)), (APART, (4.0, 2.0, 1.0))]


OTHERS = [(1.0, 2.0, 4.0, 8.0), (1.0, 4.0), (2.0, 4.0, 8.0), (1.0, 2.0), (1.0,), (8.0,), (20.0,)]


SUBSETS = [*SAME_BITS, *((POWERS, other) for other in OTHERS), (APART, (2.0, 4.0))]


@pytest.mark.parametrize("rich, temperatures", SUBSETS, ids=str)
def test_temperatures_that_would_have_other_bits_are_captured(
    tmp_path: Path, rich: tuple[float, ...], temperatures: tuple[float, ...]
) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    member = after(linear(1, TopK(k=3, temperatures=rich)), store, rows, SMALLER)
    poor = member.keeping(TopK(k=2, temperatures=temperatures))
    assert fill(poor, store, rows) == captured_directly(poor, rows)
    assert len(poor.seen) == (0 if (rich, temperatures) in SAME_BITS else 25)


@pytest.mark.parametrize(
    "other",
    [
        {"weights": "other"},
        {"architecture": "other"},
        {"preprocessing": "other"},
        {"augmentation": "crops"},
        {"dtype": "bfloat16"},
        {"batch_size": 8},
        {"libraries": ("numpy 3",)},
        {"device": "cuda"},
        {"ensemble": Combination.of("logit", [1.0])},
    ],
    ids=lambda other: next(iter(other)),
)
def test_nothing_is_transcoded_from_answers_that_differ_in(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    one = linear(1, Full())
    for rich in (one, one.keeping(TOPK)):
        fill(replace(rich, capture=replace(rich.capture, **other)), store, rows)
    member = after(replace(one, capture=replace(one.capture, **other)), store, rows, SMALLER)
    mine = replace(member, capture=linear(1, SMALLER).capture)
    assert fill(mine, store, rows) == captured_directly(mine, rows)
    assert sorted(mine.seen) == seen(rows)
