"""Capture: what is stored is what the teacher said, asked once, whatever came before."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linear_teachers import (
    CLASSES,
    SHARD_ROWS,
    Linear,
    Questions,
    TeacherDiedError,
    capture,
    example_id,
    fill,
    linear,
    questions,
    token_questions,
)

from stillroom.errors import SoftLabelError
from stillroom.io.hashing import sha256_file
from stillroom.softlabels.blocks import RowKey, blocks
from stillroom.softlabels.capture import Capturing
from stillroom.softlabels.codec.shard import CODEC
from stillroom.softlabels.manifest import Shard
from stillroom.softlabels.sparsify.kinds import (
    FixedThreshold,
    Full,
    Sample,
    Sparsifier,
    Threshold,
    TopK,
)
from stillroom.softlabels.store import CaptureStore, Store

TOPK = TopK(k=2, temperatures=(1.0, 4.0))
KINDS: list[Sparsifier] = [
    Full(),
    TOPK,
    Sample(draws=5, temperature=1.0),
    Threshold(entries=2.0, tau=0.1, temperature=1.0),
    FixedThreshold(k=2, temperature=1.0),
]
kinds = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
truncated = pytest.mark.parametrize("kind", KINDS[1:], ids=lambda kind: kind.kind)


def folder_of(member: Linear, store: Store) -> CaptureStore:
    return store.of(member.capture, CODEC)


def from_scratch(kind: Sparsifier, asked: Questions, rows: int = SHARD_ROWS) -> list[Shard]:
    with TemporaryDirectory() as folder:
        return fill(linear(1, kind), Store(Path(folder)), asked, rows)


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
from stillroom.softlabels.capture import Capturing
from stillroom.softlabels.sparsify.kinds import TopK
from stillroom.softlabels.store import Store
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


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@kinds
@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
def test_a_damaged_shard_is_asked_for_anew_row_by_row_and_comes_out_the_same(
    tmp_path: Path, kind: Sparsifier, damage: Callable[[Path], None]
) -> None:
    member, store, asked = linear(1, kind), Store(tmp_path), questions()
    shards = fill(member, store, asked)
    damage(folder_of(member, store).path(shards[1]))
    member.asked.clear()
    assert fill(member, store, asked) == shards
    start = shards[0].rows
    lost = asked.inputs[start : start + shards[1].rows]
    assert member.asked == [seen.tobytes() for seen in lost]
    member.asked.clear()
    assert fill(member, store, asked) == shards
    assert member.asked == []


def test_rows_of_a_damaged_shard_are_not_reused_by_another_block(tmp_path: Path) -> None:
    member, store, asked = linear(1, TOPK), Store(tmp_path), questions()
    shards = fill(member, store, asked)
    flip(folder_of(member, store).path(shards[1]))
    member.asked.clear()
    backwards = asked.with_rows(part="one").take(range(24, -1, -1))
    assert fill(member, store, backwards) == from_scratch(TOPK, backwards)
    start = shards[0].rows
    lost = {seen.tobytes() for seen in asked.inputs[start : start + shards[1].rows]}
    assert set(member.asked) == lost
    assert len(member.asked) == len(lost)


def swap(kept: CaptureStore, names: tuple[str, str]) -> None:
    """Let two blocks name each other's shards, as a manifest that was tampered with could."""
    shards, (first, second) = kept.shards(), names
    kept._write({**shards, first: shards[second], second: shards[first]})


@kinds
def test_a_manifest_that_names_another_blocks_shard_serves_nothing_wrong(
    tmp_path: Path, kind: Sparsifier
) -> None:
    member, store = linear(1, kind), Store(tmp_path)
    shards = fill(member, store, questions())
    kept = folder_of(member, store)
    first, second, *_ = kept.shards()
    swap(kept, (first, second))
    assert fill(member, store, questions()) == shards
    assert len(member.asked) <= 25 + kept.shards()[first].rows + kept.shards()[second].rows


def test_a_shard_of_other_examples_with_equal_inputs_is_not_served(tmp_path: Path) -> None:
    member, store, asked = linear(1, TOPK), Store(tmp_path), questions(4, parts=1)
    others = asked.with_rows(part="other")
    others = replace(
        others,
        rows=tuple(
            replace(row, example_id=example_id(50 + at)) for at, row in enumerate(others.rows)
        ),
    )
    shards = fill(member, store, asked) + fill(member, store, others)
    kept = folder_of(member, store)
    first, second = kept.shards()
    swap(kept, (first, second))
    assert fill(member, store, asked) + fill(member, store, others) == shards


def test_a_shard_of_another_teacher_is_not_served(tmp_path: Path) -> None:
    store, asked = Store(tmp_path), questions(4, parts=1)
    ours, theirs = linear(1, TOPK), linear(2, TOPK)
    (shard,) = fill(ours, store, asked)
    (stolen,) = fill(theirs, store, asked)
    kept = folder_of(ours, store)
    kept.path(stolen).write_bytes(folder_of(theirs, store).path(stolen).read_bytes())
    kept._write(dict.fromkeys(kept.shards(), stolen))
    ours.asked.clear()
    assert fill(ours, store, asked) == [shard]
    assert len(ours.asked) == 4


@pytest.mark.parametrize("wrong", [{"rows": 3}, {"bytes": 9}])
def test_a_manifest_that_says_something_else_of_a_shard_is_not_believed(
    tmp_path: Path, wrong: dict[str, int]
) -> None:
    member, store, asked = linear(1, TOPK), Store(tmp_path), questions(4, parts=1)
    (shard,) = fill(member, store, asked)
    kept = folder_of(member, store)
    kept._write(dict.fromkeys(kept.shards(), replace(shard, **wrong)))
    assert fill(member, store, asked) == [shard]
    assert set(kept.shards().values()) == {shard}


def test_a_manifest_that_is_malformed_costs_no_answer_since_the_shards_say_whose_they_are(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    member, store = linear(1, TOPK), Store(tmp_path)
    shards = fill(member, store, questions())
    (folder_of(member, store).folder / "manifest.json").write_text("{")
    member.asked.clear()
    with caplog.at_level(logging.WARNING):
        assert fill(member, store, questions()) == shards
    assert member.asked == []
    assert "looked up in them" in caplog.text


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


class Odd(Linear):
    """A teacher whose answers do not fit its questions."""

    change: Callable[[Iterator[Any]], Iterator[Any]] = staticmethod(iter)

    def answer(self, inputs: Any) -> Iterator[Any]:
        yield from type(self).change(super().answer(inputs))


ODD: dict[str, tuple[Callable[[Iterator[Any]], Iterator[Any]], str]] = {
    "too few": (lambda made: iter(list(made)[:-1]), r"answered \d of \d inputs"),
    "none": (lambda made: iter([]), r"answered 0 of \d inputs"),
    "one too many": (lambda made: iter([*made, np.zeros((1, CLASSES))]), "answered 1 inputs at 1"),
    "a longer batch": (
        lambda made: iter([np.concatenate([*made, np.zeros((2, CLASSES), np.float32)])]),
        r"answered \d+ inputs at 1 positions",
    ),
    "a class less": (lambda made: (logits[:, 1:] for logits in made), "answered over 3 classes"),
    "a class more": (
        lambda made: (np.pad(logits, ((0, 0), (0, 1))) for logits in made),
        "over 5 classes, and says that it has 4",
    ),
    "NaN": (lambda made: (logits * np.nan for logits in made), "NaN or infinity"),
    "infinity": (lambda made: (logits + np.inf for logits in made), "NaN or infinity"),
}


@kinds
@pytest.mark.parametrize("odd", list(ODD))
def test_answers_that_do_not_fit_the_questions_are_refused_and_nothing_is_committed(
    tmp_path: Path, kind: Sparsifier, odd: str
) -> None:
    change, message = ODD[odd]
    plain, store = linear(1, kind), Store(tmp_path)
    member = type("Told", (Odd,), {"change": staticmethod(change)})(plain.weights, plain.capture)
    with pytest.raises(SoftLabelError, match=message):
        fill(member, store, questions())
    assert folder_of(plain, store).shards() == {}


@kinds
def test_more_labels_than_the_teacher_has_positions_are_refused(
    tmp_path: Path, kind: Sparsifier
) -> None:
    asked = token_questions().with_rows(labels=np.zeros(4, np.int32))
    with pytest.raises(SoftLabelError, match=r"at 3 positions, where \d of up to 4 positions"):
        fill(linear(1, kind), Store(tmp_path), asked)
