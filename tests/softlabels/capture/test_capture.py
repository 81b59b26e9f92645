"""Capture: the store holds the teacher's answers, each captured once, after any earlier runs."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.softlabels.linear_teachers import (
    SHARD_ROWS,
    MemoryInputs,
    TeacherDiedError,
    capture,
    capture_inputs,
    example_id,
    fill,
    linear,
    token_inputs,
)
from support.softlabels.sparsifier_cases import (
    KINDS,
    TOPK,
    folder_of,
    from_scratch,
    kinds,
)

from stillroom.io.files.hashing import sha256_file
from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.capture.chunks import chunks
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.row import RowKey
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import Store


def test_each_member_runs_on_each_input_once(tmp_path: Path) -> None:
    made = capture(tmp_path / "set")
    for member, shards in zip(made.members, made.labels.manifest.members, strict=True):
        assert sorted(member.seen) == sorted(seen.tobytes() for seen in made.capture_inputs.inputs)
        assert shards.rows == 25


@kinds
def test_two_captures_are_byte_identical(tmp_path: Path, kind: Sparsifier) -> None:
    first, second = (
        capture(tmp_path / name, members=1, sparsifier=kind, inputs=token_inputs())
        for name in ("a", "b")
    )
    files = sorted(path.relative_to(first.folder) for path in first.folder.rglob("*.*"))
    assert len(files) == 1 + len(first.labels.manifest.members[0].shards)
    for file in files:
        assert sha256_file(first.folder / file) == sha256_file(second.folder / file)


@kinds
def test_a_second_run_runs_no_teacher_and_gives_the_same_shards(
    tmp_path: Path, kind: Sparsifier
) -> None:
    member, store, ticks = linear(1, kind), Store(tmp_path), []
    first = fill(member, store, capture_inputs())
    member.seen.clear()
    capturing = MemberCapture(member, store, SHARD_ROWS)
    assert list(capturing.shards(capture_inputs(), ticks.append)) == first
    assert member.seen == []
    assert (
        capturing.counts.stored_whole,
        capturing.counts.stored_apart,
        capturing.counts.captured,
    ) == (25, 0, 0)
    assert sum(ticks) == 25


def test_progress_and_counts_add_up_to_the_rows_when_some_are_new(tmp_path: Path) -> None:
    member, store, ticks = linear(1, TOPK), Store(tmp_path), []
    fill(member, store, capture_inputs().take(range(20)))
    capturing = MemberCapture(member, store, SHARD_ROWS)
    list(capturing.shards(capture_inputs(), ticks.append))
    counts = capturing.counts
    assert sum(ticks) == counts.stored_whole + counts.stored_apart + counts.captured == 25
    assert counts.captured == 5
    assert counts.stored_whole > 0


# Twelve inputs under two examples, two draws and two labels each, in two parts: some rows may be
# served from other rows of the store, and some may not.
POOL = MemoryInputs(
    tuple(
        replace(
            capture_inputs().rows[number],
            example_id=example_id(100 * number + 10 * copy + draw),
            draw=draw,
            labels=np.array([copy if number % 2 else 0], np.int32),
        )
        for number in range(12)
        for copy in range(2)
        for draw in range(2)
    ),
    tuple(capture_inputs().inputs[number] for number in range(12) for _ in range(4)),
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[MemoryInputs, int | None]:
    """Some of the pool in any order, in up to three parts, and when the teacher fails, if ever."""
    order = draw(st.lists(st.integers(0, 47), min_size=1, max_size=30, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=2)))
    chosen = POOL.take(order)
    rows = tuple(
        replace(row, part=f"part {sum(at >= cut for cut in cuts)}")
        for at, row in enumerate(chosen.rows)
    )
    return replace(chosen, rows=rows), draw(st.none() | st.integers(0, 20))


def expected(inputs: MemoryInputs, held: set[RowKey], is_full: bool) -> list[bytes]:
    """Return the inputs that a run must capture, given the rows in the store."""
    held, wanted = set(held), []
    plain = inputs.with_rows(labels=np.array([-1], np.int32)) if is_full else inputs
    for block in chunks(plain, SHARD_ROWS // 2):
        missing = [
            capture_input for capture_input in block.inputs if capture_input.row.key not in held
        ]
        wanted += list(dict.fromkeys(capture_input.input().tobytes() for capture_input in missing))
        held |= {row.key for row in block.rows}
    return wanted


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(KINDS), st.lists(runs(), min_size=2, max_size=4))
def test_after_any_history_the_shards_are_those_of_one_run_and_only_missing_rows_are_captured(
    kind: Sparsifier, history: list[tuple[MemoryInputs, int | None]]
) -> None:
    is_full = kind == Full()
    held: set[RowKey] = set()
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for inputs, fails_after in history:
            member = replace(linear(1, kind), fails_after=fails_after)
            wanted = expected(inputs, held, is_full)
            committed: list[Shard] = []
            try:
                for shard in MemberCapture(member, store, SHARD_ROWS // 2).shards(inputs, len_of):
                    committed.append(shard)
            except TeacherDiedError:
                assert fails_after is not None
                assert len(wanted) > fails_after
                assert member.seen == wanted[: len(member.seen)]
            else:
                assert member.seen == wanted
                with TemporaryDirectory() as other:
                    fresh = Store(Path(other))
                    assert committed == fill(linear(1, kind), fresh, inputs, SHARD_ROWS // 2)
            done = inputs.take(range(sum(shard.rows for shard in committed)))
            plain = done.with_rows(labels=np.array([-1], np.int32)) if is_full else done
            held |= {row.key for row in plain.rows}


def len_of(rows: int) -> None:
    """Take the number of rows that are done."""


@kinds
def test_a_run_that_dies_is_resumed_and_committed_rows_are_not_captured_again(
    tmp_path: Path, kind: Sparsifier
) -> None:
    inputs, whole = token_inputs(40), from_scratch(kind, token_inputs(40))
    for dies in range(0, 40, 7):
        store = Store(tmp_path / f"{dies}")
        first = replace(linear(1, kind), fails_after=dies)
        with pytest.raises(TeacherDiedError):
            fill(first, store, inputs)
        kept = sum(shard.rows for shard in folder_of(first, store).shards().values())
        assert dies - kept <= 2 * SHARD_ROWS  # a kill loses the chunk that is being captured
        second = linear(1, kind)
        assert fill(second, store, inputs) == whole
        assert len(second.seen) == 40 - kept


def test_a_process_that_is_killed_in_between_is_resumed_byte_identically(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from support.softlabels.linear_teachers import SHARD_ROWS, capture_inputs, linear
from stillroom.softlabels.capture.capture import MemberCapture
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store.store import Store
done = []
def tick(rows):
    done.append(rows)
    if sum(done) > 60:
        os.kill(os.getpid(), signal.SIGKILL)
member = linear(1, TopK(k=2, temperatures=(1.0, 4.0)))
list(MemberCapture(member, Store(Path(sys.argv[1])), SHARD_ROWS).shards(capture_inputs(100), tick))
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment)
    assert killed.returncode == -9
    member, store = linear(1, TOPK), Store(tmp_path)
    kept = sum(shard.rows for shard in folder_of(member, store).shards().values())
    assert 60 - 2 * SHARD_ROWS <= kept <= 60
    assert fill(member, store, capture_inputs(100)) == from_scratch(TOPK, capture_inputs(100))
    assert len(member.seen) == 100 - kept


def test_a_row_more_leaves_all_shards_but_those_around_it(tmp_path: Path) -> None:
    member, store = linear(1, TOPK), Store(tmp_path)
    inputs = capture_inputs(301).with_rows(part="one")
    before = fill(member, store, inputs.take(row for row in range(301) if row != 100))
    member.seen.clear()
    after = fill(member, store, inputs)
    assert member.seen == [inputs.inputs[100].tobytes()]
    assert len(before) > 30
    assert 1 <= len(set(after) - set(before)) <= 3


def test_two_threads_that_capture_the_same_make_the_same_and_lose_nothing(tmp_path: Path) -> None:
    shards: dict[int, list[Shard]] = {}

    def run(number: int) -> None:
        shards[number] = fill(linear(1, TOPK), Store(tmp_path), capture_inputs(100))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shards[0] == shards[1] == shards[2] == from_scratch(TOPK, capture_inputs(100))
    assert set(folder_of(linear(1, TOPK), Store(tmp_path)).shards().values()) == set(shards[0])
