"""Capture: what is stored is what the teacher said, asked once, whatever came before."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from captures import KINDS, TOPK, folder_of, from_scratch, kinds, truncated
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_teachers import (
    CLASSES,
    SHARD_ROWS,
    Questions,
    TeacherDiedError,
    capture,
    example_id,
    fill,
    linear,
    questions,
    token_questions,
)

from stillroom.io.files.hashing import sha256_file
from stillroom.softlabels.capture.capture import Capturing
from stillroom.softlabels.capture.chunks import blocks
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.row import RowKey
from stillroom.softlabels.sparsify.sparsifiers import (
    Full,
    Sparsifier,
)
from stillroom.softlabels.store.store import Store


def test_each_member_answers_each_question_once(tmp_path: Path) -> None:
    made = capture(tmp_path / "set")
    for member, shards in zip(made.members, made.labels.manifest.members, strict=True):
        assert sorted(member.asked) == sorted(seen.tobytes() for seen in made.questions.inputs)
        assert shards.rows == 25


@kinds
def test_two_captures_are_byte_identical(tmp_path: Path, kind: Sparsifier) -> None:
    first, second = (
        capture(tmp_path / name, members=1, sparsifier=kind, asked=token_questions())
        for name in ("a", "b")
    )
    files = sorted(path.relative_to(first.folder) for path in first.folder.rglob("*.*"))
    assert len(files) == 1 + len(first.labels.manifest.members[0].shards)
    for file in files:
        assert sha256_file(first.folder / file) == sha256_file(second.folder / file)


@kinds
def test_a_second_run_asks_nothing_and_gives_the_same_shards(
    tmp_path: Path, kind: Sparsifier
) -> None:
    member, store, ticks = linear(1, kind), Store(tmp_path), []
    first = fill(member, store, questions())
    member.asked.clear()
    capturing = Capturing(member, store, SHARD_ROWS)
    assert list(capturing.shards(questions(), ticks.append)) == first
    assert member.asked == []
    assert (capturing.counts.found, capturing.counts.reused, capturing.counts.asked) == (25, 0, 0)
    assert sum(ticks) == 25


def test_progress_and_counts_add_up_to_the_rows_when_some_are_new(tmp_path: Path) -> None:
    member, store, ticks = linear(1, TOPK), Store(tmp_path), []
    fill(member, store, questions().take(range(20)))
    capturing = Capturing(member, store, SHARD_ROWS)
    list(capturing.shards(questions(), ticks.append))
    counts = capturing.counts
    assert sum(ticks) == counts.found + counts.reused + counts.asked == 25
    assert counts.asked == 5
    assert counts.found > 0


# Twelve inputs under two examples, two draws and two labels each, in two parts: what the store
# may find elsewhere, and what it may not.
POOL = Questions(
    tuple(
        replace(
            questions().rows[number],
            example_id=example_id(100 * number + 10 * copy + draw),
            draw=draw,
            labels=np.array([copy if number % 2 else 0], np.int32),
        )
        for number in range(12)
        for copy in range(2)
        for draw in range(2)
    ),
    tuple(questions().inputs[number] for number in range(12) for _ in range(4)),
)


@st.composite
def runs(draw: st.DrawFn) -> tuple[Questions, int | None]:
    """Some of the pool in any order, in up to three parts; and when the teacher dies, if ever."""
    order = draw(st.lists(st.integers(0, 47), min_size=1, max_size=30, unique=True))
    cuts = sorted(draw(st.lists(st.integers(0, len(order)), max_size=2)))
    chosen = POOL.take(order)
    rows = tuple(
        replace(row, part=f"part {sum(at >= cut for cut in cuts)}")
        for at, row in enumerate(chosen.rows)
    )
    return replace(chosen, rows=rows), draw(st.none() | st.integers(0, 20))


def expected(asked: Questions, held: set[RowKey], is_full: bool) -> list[bytes]:
    """Return the inputs that a run must ask, given the rows that the store holds."""
    held, wanted = set(held), []
    plain = asked.with_rows(labels=np.array([-1], np.int32)) if is_full else asked
    for block in blocks(plain, SHARD_ROWS // 2):
        missing = [question for question in block.questions if question.row.key not in held]
        wanted += list(dict.fromkeys(question.input().tobytes() for question in missing))
        held |= {row.key for row in block.rows}
    return wanted


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(KINDS), st.lists(runs(), min_size=2, max_size=4))
def test_after_any_history_the_shards_are_those_of_one_run_and_only_missing_rows_are_asked(
    kind: Sparsifier, history: list[tuple[Questions, int | None]]
) -> None:
    is_full = kind == Full()
    held: set[RowKey] = set()
    with TemporaryDirectory() as folder:
        store = Store(Path(folder))
        for asked, fails_after in history:
            member = replace(linear(1, kind), fails_after=fails_after)
            wanted = expected(asked, held, is_full)
            committed: list[Shard] = []
            try:
                for shard in Capturing(member, store, SHARD_ROWS // 2).shards(asked, len_of):
                    committed.append(shard)
            except TeacherDiedError:
                assert fails_after is not None
                assert len(wanted) > fails_after
                assert member.asked == wanted[: len(member.asked)]
            else:
                assert member.asked == wanted
                with TemporaryDirectory() as other:
                    fresh = Store(Path(other))
                    assert committed == fill(linear(1, kind), fresh, asked, SHARD_ROWS // 2)
            done = asked.take(range(sum(shard.rows for shard in committed)))
            plain = done.with_rows(labels=np.array([-1], np.int32)) if is_full else done
            held |= {row.key for row in plain.rows}


def len_of(rows: int) -> None:
    """Be told of progress."""


@kinds
def test_a_run_that_dies_is_resumed_without_asking_again_what_was_committed(
    tmp_path: Path, kind: Sparsifier
) -> None:
    asked, whole = token_questions(40), from_scratch(kind, token_questions(40))
    for dies in range(0, 40, 7):
        store = Store(tmp_path / f"{dies}")
        first = replace(linear(1, kind), fails_after=dies)
        with pytest.raises(TeacherDiedError):
            fill(first, store, asked)
        kept = sum(shard.rows for shard in folder_of(first, store).shards().values())
        assert dies - kept <= 2 * SHARD_ROWS  # a kill loses the block in flight
        second = linear(1, kind)
        assert fill(second, store, asked) == whole
        assert len(second.asked) == 40 - kept


def test_a_process_that_is_killed_in_between_is_resumed_byte_identically(tmp_path: Path) -> None:
    script = """
import os, signal, sys
from pathlib import Path
from linear_teachers import SHARD_ROWS, linear, questions
from stillroom.softlabels.capture.capture import Capturing
from stillroom.softlabels.sparsify.sparsifiers import TopK
from stillroom.softlabels.store.store import Store
told = []
def tick(rows):
    told.append(rows)
    if sum(told) > 60:
        os.kill(os.getpid(), signal.SIGKILL)
member = linear(1, TopK(k=2, temperatures=(1.0, 4.0)))
list(Capturing(member, Store(Path(sys.argv[1])), SHARD_ROWS).shards(questions(100), tick))
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], env=environment)
    assert killed.returncode == -9
    member, store = linear(1, TOPK), Store(tmp_path)
    kept = sum(shard.rows for shard in folder_of(member, store).shards().values())
    assert 60 - 2 * SHARD_ROWS <= kept <= 60
    assert fill(member, store, questions(100)) == from_scratch(TOPK, questions(100))
    assert len(member.asked) == 100 - kept


@kinds
def test_equal_inputs_are_asked_once_within_a_block_across_blocks_and_across_runs(
    tmp_path: Path, kind: Sparsifier
) -> None:
    asked = questions(4).take([0, 1, 0, 2, 1, 3] * 5)
    rows = tuple(replace(row, example_id=example_id(at)) for at, row in enumerate(asked.rows))
    asked = replace(asked, rows=rows).with_rows(part="one")
    member, store = linear(1, kind), Store(tmp_path)
    shards = fill(member, store, asked, 4)
    assert len(shards) > 2
    assert sorted(member.asked) == sorted(seen.tobytes() for seen in questions(4).inputs)
    others = asked.with_rows(part="two", example_id=b"another's own id")
    assert fill(member, store, others, 4) != shards
    assert len(member.asked) == 4


@kinds
def test_draws_of_one_input_share_an_answer_and_are_drawn_apart(
    tmp_path: Path, kind: Sparsifier
) -> None:
    plain = questions(12).with_rows(part="one")
    asked = Questions(plain.rows + plain.with_rows(draw=1).rows, plain.inputs + plain.inputs).take(
        [at + 12 * draw for at in range(12) for draw in range(2)]
    )
    made = capture(tmp_path / "set", members=1, sparsifier=kind, asked=asked)
    again = len(made.members[0].asked) - 12
    assert again <= len(made.labels.manifest.members[0].shards)  # draws that a cut set apart
    first, second = (
        made.labels.distributions([(q.row.example_id, 0, draw) for q in plain], 1.0).dense()
        for draw in range(2)
    )
    is_drawn = kind not in (Full(), TOPK)
    assert (first != second).any() == is_drawn


@truncated
def test_a_changed_hard_label_asks_again_where_its_log_probability_is_stored(
    tmp_path: Path, kind: Sparsifier
) -> None:
    member, store = linear(1, kind), Store(tmp_path)
    asked = questions()
    before = fill(member, store, asked)
    changed = relabelled(asked, row=3)
    member.asked.clear()
    after = fill(member, store, changed)
    assert member.asked == [asked.inputs[3].tobytes()]
    assert len(set(after) - set(before)) == 1
    assert after == from_scratch(kind, changed)


def test_a_changed_hard_label_asks_nothing_of_full(tmp_path: Path) -> None:
    member, store = linear(1, Full()), Store(tmp_path)
    before = fill(member, store, questions())
    member.asked.clear()
    assert fill(member, store, relabelled(questions(), row=3)) == before
    assert member.asked == []


def relabelled(asked: Questions, row: int) -> Questions:
    old = asked.rows[row]
    assert old.label is not None
    new = replace(old, labels=np.array([(old.label + 1) % CLASSES], np.int32))
    return replace(asked, rows=(*asked.rows[:row], new, *asked.rows[row + 1 :]))


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
def test_a_teacher_of_another_ingredient_is_asked_everything(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    store = Store(tmp_path)
    shards = fill(linear(1, TOPK), store, questions())
    member = linear(1, TOPK)
    member.capture = replace(member.capture, **other)
    assert not set(fill(member, store, questions())) & set(shards)
    assert len(member.asked) == 25


def test_a_row_more_leaves_all_shards_but_those_around_it(tmp_path: Path) -> None:
    member, store = linear(1, TOPK), Store(tmp_path)
    asked = questions(301).with_rows(part="one")
    before = fill(member, store, asked.take(row for row in range(301) if row != 100))
    member.asked.clear()
    after = fill(member, store, asked)
    assert member.asked == [asked.inputs[100].tobytes()]
    assert len(before) > 30
    assert 1 <= len(set(after) - set(before)) <= 3


def test_two_threads_that_capture_the_same_make_the_same_and_lose_nothing(tmp_path: Path) -> None:
    found: dict[int, list[Shard]] = {}

    def run(number: int) -> None:
        found[number] = fill(linear(1, TOPK), Store(tmp_path), questions(100))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1] == found[2] == from_scratch(TOPK, questions(100))
    assert set(folder_of(linear(1, TOPK), Store(tmp_path)).shards().values()) == set(found[0])
