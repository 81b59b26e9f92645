"""Sources of a transcode: which captures can serve, and what happens if they lack a row."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels.linear_teachers import (
    MemoryInputs,
    capture_inputs,
    linear,
)
from support.softlabels.transcode_cases import (
    POORER,
    SMALLER,
    TOPK,
    after,
    captured_directly,
    each_kind_of_rows,
    fill,
    poorer,
)

from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store


def seen(inputs: MemoryInputs) -> list[bytes]:
    return sorted(one.tobytes() for one in inputs.inputs)


# If possible, exponentials at one temperature are powers of those at another, and their bits depend
# on both: 20, 8, 4, 2 and 1 share them, and so do 4, 2 and 1 beside a 30.
POWERS, APART = (1.0, 2.0, 4.0, 8.0, 20.0), (1.0, 2.0, 4.0, 30.0)


@pytest.mark.parametrize(
    ("rich", "poor"),
    [
        (SMALLER, TOPK),
        (TOPK, TopK(k=2, temperatures=(2.0,))),
        (TOPK, TopK(k=2, temperatures=(1.0, 2.0))),
        (TopK(k=4, temperatures=(1.0,)), Full()),
        (TopK(k=4, temperatures=(1.0,)), POORER[1]),
        (TopK(k=4, temperatures=(1.0,)), POORER[3]),
        (Sample(samples=9, temperature=2.0), POORER[1]),
        (FixedThreshold(k=3, temperature=4.0), POORER[3]),
        (Threshold(entries=3.0, tau=0.05, temperature=1.0), POORER[2]),
    ],
    ids=str,
)
def test_a_capture_that_does_not_hold_all_of_another_is_no_source_of_it(
    tmp_path: Path, rich: Sparsifier, poor: Sparsifier
) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    member = after(linear(1, rich), store, rows, poor)
    assert fill(member, store, rows) == captured_directly(member, rows)
    assert sorted(member.seen) == seen(rows)


@pytest.mark.parametrize(
    "change", [{"labels": np.array([2], np.int32)}, {"draw": 1}], ids=["label", "draw"]
)
def test_a_top_k_serves_no_other_label_and_no_other_draw(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    labelled_2 = [at for at, row in enumerate(rows.rows) if row.label == 2]
    member = after(linear(1, TOPK), store, rows, SMALLER)
    others = rows.with_rows(**change)
    assert fill(member, store, others) == captured_directly(member, others)
    served = labelled_2 if "labels" in change else []
    expected = rows.take(at for at in range(25) if at not in served)
    assert sorted(member.seen) == seen(expected)


def test_answers_of_another_codec_are_no_source(tmp_path: Path) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows, SMALLER)
    full = store.of(replace(member.capture, sparsifier=Full()), CODEC)
    manifest = full.folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(f'"{CODEC}"', '"coordinates-0"'))
    assert [kept.codec for _, kept in store.captures()] == ["coordinates-0"]
    assert fill(member, store, rows) == captured_directly(member, rows)
    assert len(member.seen) == 25


@pytest.mark.parametrize("rich", [Full(), TOPK], ids=["full", "topk"])
def test_only_rows_of_a_damaged_shard_are_captured(tmp_path: Path, rich: Sparsifier) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    full = linear(1, rich)
    shards = fill(full, store, rows, 8)
    assert len(shards) > 2
    full.seen.clear()
    path = store.of(full.capture, CODEC).path(shards[1])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    member = full.keeping(SMALLER)
    assert fill(member, store, rows) == captured_directly(member, rows)
    start = shards[0].rows
    assert sorted(member.seen) == seen(rows.take(range(start, start + shards[1].rows)))


@poorer
@each_kind_of_rows
def test_only_rows_that_the_richer_capture_lacks_are_captured(
    tmp_path: Path, poor: Sparsifier, rows: MemoryInputs
) -> None:
    store = Store(tmp_path)
    lacking = [2, 3, 7, len(rows) - 1]
    held = rows.take(at for at in range(len(rows)) if at not in lacking)
    member = after(linear(1, Full()), store, held, poor)
    assert fill(member, store, rows) == captured_directly(member, rows)
    assert sorted(member.seen) == seen(rows.take(lacking))


def test_several_richer_captures_are_a_source_together(tmp_path: Path) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows.take(range(12)), SMALLER)
    after(member.keeping(TOPK), store, rows.take(range(8, 18)), SMALLER)
    wider = member.keeping(TopK(k=4, temperatures=(1.0, 4.0)))
    after(wider, store, rows.take(range(16, 22)), SMALLER)
    assert fill(member, store, rows) == captured_directly(member, rows)
    assert sorted(member.seen) == seen(rows.take(range(22, 25)))


def test_transcoded_rows_outlive_their_source(tmp_path: Path) -> None:
    rows, store = capture_inputs(), Store(tmp_path)
    member = after(linear(1, Full()), store, rows, SMALLER)
    first = fill(member, store, rows)
    shutil.rmtree(store.of(replace(member.capture, sparsifier=Full()), CODEC).folder)
    assert fill(member, store, rows) == first
    assert member.seen == []
