"""Derive: what a richer capture holds is had from it, to the byte, and nothing else is."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import linear_teachers
import numpy as np
import pytest
from linear_teachers import (
    Linear,
    Questions,
    linear,
    questions,
    token_questions,
)

from stillroom.softlabels.capture.capture import Capturing
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.sparsifiers import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.softlabels.store.store import Store

TOPK = TopK(k=3, temperatures=(1.0, 4.0))
SMALLER = TopK(k=2, temperatures=(1.0, 4.0))
POORER: list[Sparsifier] = [
    SMALLER,
    Sample(draws=5, temperature=2.0),
    Threshold(entries=2.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=2, temperature=4.0),
]
poorer = pytest.mark.parametrize("poor", POORER, ids=lambda kind: kind.kind)
each_asked = pytest.mark.parametrize(
    "rows", [questions(), token_questions()], ids=["classes", "tokens"]
)


@pytest.fixture(autouse=True)
def _nothing_is_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save half of the time: what a power cut leaves is tested elsewhere."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def fill(member: Linear, store: Store, asked: Questions, shard_rows: int = 64) -> list[Shard]:
    return linear_teachers.fill(member, store, asked, shard_rows)


def anew(member: Linear, asked: Questions) -> list[Shard]:
    """Return the shards of the teacher itself, asked everything."""
    with TemporaryDirectory() as folder:
        return fill(replace(member, asked=[]), Store(Path(folder)), asked)


def after(rich: Linear, store: Store, asked: Questions, poor: Sparsifier) -> Linear:
    """Capture richly; return the same teacher for the poorer capture, asked nothing so far."""
    fill(rich, store, asked)
    rich.asked.clear()
    return rich.keeping(poor)


def in_draws(asked: Questions, count: int) -> Questions:
    """Return each question in several draws, one beside the other."""
    return Questions(
        tuple(replace(row, draw=draw) for row in asked.rows for draw in range(count)),
        tuple(seen for seen in asked.inputs for _ in range(count)),
    )


def seen(asked: Questions) -> list[bytes]:
    return sorted(one.tobytes() for one in asked.inputs)


@poorer
@pytest.mark.parametrize(
    ("rows", "classes"),
    [(questions(), 4), (token_questions(), 4), (token_questions(classes=300), 300)],
    ids=["classes", "tokens", "many tokens"],
)
def test_whatever_is_kept_of_a_whole_capture_is_what_the_teacher_would_give_and_it_is_not_asked(
    tmp_path: Path, poor: Sparsifier, rows: Questions, classes: int
) -> None:
    store = Store(tmp_path)
    member = after(linear(1, Full(), classes), store, rows, poor)
    capturing = Capturing(member, store, 64)
    assert list(capturing.shards(rows, lambda rows: None)) == anew(member, rows)
    assert member.asked == []
    assert (capturing.counts.reused, capturing.counts.asked) == (len(rows), 0)


@poorer
@each_asked
def test_every_draw_is_derived_from_one_whole_answer(
    tmp_path: Path, poor: Sparsifier, rows: Questions
) -> None:
    store = Store(tmp_path)
    member = after(linear(1, Full()), store, rows, poor)
    thrice = in_draws(rows, 3)
    assert fill(member, store, thrice) == anew(member, thrice)
    assert member.asked == []


@poorer
def test_a_whole_capture_serves_labels_and_seeds_that_came_later(
    tmp_path: Path, poor: Sparsifier
) -> None:
    rows, store = questions(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows, poor)
    first = fill(member, store, rows)
    relabelled = rows.with_rows(labels=np.array([2], np.int32))
    assert fill(member, store, relabelled) == anew(member, relabelled)
    reseeded = replace(member, capture=replace(member.capture, seed=7))
    found = fill(reseeded, store, rows)
    assert found == anew(reseeded, rows)
    assert found != first
    assert member.asked == []


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
@each_asked
def test_a_smaller_k_and_fewer_temperatures_are_derived_to_the_byte(
    tmp_path: Path, poor: TopK, rows: Questions
) -> None:
    store = Store(tmp_path)
    member = after(linear(1, TOPK), store, rows, poor)
    assert fill(member, store, rows) == anew(member, rows)
    assert member.asked == []


def saying(logits: list[list[float]], kind: Sparsifier) -> tuple[Linear, Questions]:
    """Return a teacher that answers with its inputs, and questions with such answers."""
    answers = np.array(logits, np.float32)
    member = linear(1, kind, answers.shape[1])
    rows = questions(len(answers), classes=answers.shape[1]).rows
    same = replace(member, weights=np.eye(answers.shape[1], dtype=np.float32))
    return same, Questions(rows, tuple(answers))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_ties_are_cut_where_the_teachers_own_would_be(tmp_path: Path, k: int) -> None:
    logits = [[1.0, 2, 2, 2, 0], [0.0, 0, 0, 0, 0], [3.0, 1, 3, 1, 3], [0.0, -0.0, 1, -0.0, 0]]
    member, rows = saying(logits, TopK(k=4, temperatures=(1.0,)))
    poor = after(member, Store(tmp_path), rows, TopK(k=k, temperatures=(1.0,)))
    assert fill(poor, Store(tmp_path), rows) == anew(poor, rows)
    assert poor.asked == []


def test_logits_that_are_equal_once_the_peak_is_subtracted_are_told_apart_here_too(
    tmp_path: Path,
) -> None:
    member, rows = saying([[4096.0, 0.0, 2**-20, -1.0]], TOPK)
    assert np.float32(0.0) - np.float32(4096) == np.float32(2**-20) - np.float32(4096)
    poor = after(member, Store(tmp_path), rows, SMALLER)
    found = fill(poor, Store(tmp_path), rows)
    assert found == anew(poor, rows)
    assert poor.asked == []
    table = Capturing(poor, Store(tmp_path), 64).index._table(found[0])
    assert table is not None
    assert table["ids"].to_pylist() == [[0, 2]]


# Exponentials at one temperature are powers of those at another where they can be, and the bits
# are of both: 20, 8, 4, 2 and 1 have them together, and 4, 2 and 1 beside a 30.
POWERS, APART = (1.0, 2.0, 4.0, 8.0, 20.0), (1.0, 2.0, 4.0, 30.0)
SAME_BITS = [(POWERS, POWERS), (APART, APART), (APART, (1.0, 2.0, 4.0)), (APART, (4.0, 2.0, 1.0))]
OTHERS = [(1.0, 2.0, 4.0, 8.0), (1.0, 4.0), (2.0, 4.0, 8.0), (1.0, 2.0), (1.0,), (8.0,), (20.0,)]
SUBSETS = [*SAME_BITS, *((POWERS, other) for other in OTHERS), (APART, (2.0, 4.0))]


@pytest.mark.parametrize("rich, temperatures", SUBSETS, ids=str)
def test_temperatures_that_would_have_other_bits_are_asked_for(
    tmp_path: Path, rich: tuple[float, ...], temperatures: tuple[float, ...]
) -> None:
    rows, store = questions(), Store(tmp_path)
    member = after(linear(1, TopK(k=3, temperatures=rich)), store, rows, SMALLER)
    poor = member.keeping(TopK(k=2, temperatures=temperatures))
    assert fill(poor, store, rows) == anew(poor, rows)
    assert len(poor.asked) == (0 if (rich, temperatures) in SAME_BITS else 25)


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
def test_nothing_is_derived_from_answers_that_differ_in(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    rows, store = questions(), Store(tmp_path)
    one = linear(1, Full())
    for rich in (one, one.keeping(TOPK)):
        fill(replace(rich, capture=replace(rich.capture, **other)), store, rows)
    member = after(replace(one, capture=replace(one.capture, **other)), store, rows, SMALLER)
    mine = replace(member, capture=linear(1, SMALLER).capture)
    assert fill(mine, store, rows) == anew(mine, rows)
    assert sorted(mine.asked) == seen(rows)


@pytest.mark.parametrize(
    ("rich", "poor"),
    [
        (SMALLER, TOPK),
        (TOPK, TopK(k=2, temperatures=(2.0,))),
        (TOPK, TopK(k=2, temperatures=(1.0, 2.0))),
        (TopK(k=4, temperatures=(1.0,)), Full()),
        (TopK(k=4, temperatures=(1.0,)), POORER[1]),
        (TopK(k=4, temperatures=(1.0,)), POORER[3]),
        (Sample(draws=9, temperature=2.0), POORER[1]),
        (FixedThreshold(k=3, temperature=4.0), POORER[3]),
        (Threshold(entries=3.0, tau=0.05, temperature=1.0), POORER[2]),
    ],
    ids=str,
)
def test_a_capture_that_does_not_hold_all_of_another_is_no_source_of_it(
    tmp_path: Path, rich: Sparsifier, poor: Sparsifier
) -> None:
    rows, store = questions(), Store(tmp_path)
    member = after(linear(1, rich), store, rows, poor)
    assert fill(member, store, rows) == anew(member, rows)
    assert sorted(member.asked) == seen(rows)


@pytest.mark.parametrize(
    "change", [{"labels": np.array([2], np.int32)}, {"draw": 1}], ids=["label", "draw"]
)
def test_a_top_k_serves_no_other_label_and_no_other_draw(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    rows, store = questions(), Store(tmp_path)
    labelled_2 = [at for at, row in enumerate(rows.rows) if row.label == 2]
    member = after(linear(1, TOPK), store, rows, SMALLER)
    others = rows.with_rows(**change)
    assert fill(member, store, others) == anew(member, others)
    served = labelled_2 if "labels" in change else []
    expected = rows.take(at for at in range(25) if at not in served)
    assert sorted(member.asked) == seen(expected)


def test_answers_of_another_codec_are_no_source(tmp_path: Path) -> None:
    rows, store = questions(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows, SMALLER)
    full = store.of(replace(member.capture, sparsifier=Full()), CODEC)
    manifest = full.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"{CODEC}"', '"coordinates-0"'))
    assert [kept.codec for _, kept in store.kept()] == ["coordinates-0"]
    assert fill(member, store, rows) == anew(member, rows)
    assert len(member.asked) == 25


@pytest.mark.parametrize("rich", [Full(), TOPK], ids=["full", "topk"])
def test_rows_of_a_damaged_shard_are_asked_and_no_others(tmp_path: Path, rich: Sparsifier) -> None:
    rows, store = questions(), Store(tmp_path)
    full = linear(1, rich)
    shards = fill(full, store, rows, 8)
    assert len(shards) > 2
    full.asked.clear()
    path = store.of(full.capture, CODEC).path(shards[1])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    member = full.keeping(SMALLER)
    assert fill(member, store, rows) == anew(member, rows)
    start = shards[0].rows
    assert sorted(member.asked) == seen(rows.take(range(start, start + shards[1].rows)))


@poorer
@each_asked
def test_rows_that_the_richer_capture_lacks_are_asked_and_no_others(
    tmp_path: Path, poor: Sparsifier, rows: Questions
) -> None:
    store = Store(tmp_path)
    lacking = [2, 3, 7, len(rows) - 1]
    held = rows.take(at for at in range(len(rows)) if at not in lacking)
    member = after(linear(1, Full()), store, held, poor)
    assert fill(member, store, rows) == anew(member, rows)
    assert sorted(member.asked) == seen(rows.take(lacking))


def test_several_richer_captures_are_a_source_together(tmp_path: Path) -> None:
    rows, store = questions(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows.take(range(12)), SMALLER)
    after(member.keeping(TOPK), store, rows.take(range(8, 18)), SMALLER)
    wider = member.keeping(TopK(k=4, temperatures=(1.0, 4.0)))
    after(wider, store, rows.take(range(16, 22)), SMALLER)
    assert fill(member, store, rows) == anew(member, rows)
    assert sorted(member.asked) == seen(rows.take(range(22, 25)))


def test_what_was_derived_outlives_what_it_was_derived_from(tmp_path: Path) -> None:
    rows, store = questions(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows, SMALLER)
    first = fill(member, store, rows)
    shutil.rmtree(store.of(replace(member.capture, sparsifier=Full()), CODEC).folder)
    assert fill(member, store, rows) == first
    assert member.asked == []
