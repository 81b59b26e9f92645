"""Capture: damaged rows, other teachers' rows and invalid answers are not served and not stored."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.softlabels.linear_teachers import (
    CLASSES,
    Linear,
    capture_inputs,
    example_id,
    fill,
    linear,
    token_inputs,
)
from support.softlabels.sparsifier_cases import TOPK, folder_of, from_scratch, kinds

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
from stillroom.softlabels.store.store import CaptureStore, Store


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


@kinds
@pytest.mark.parametrize("damage", [flip, cut, Path.unlink])
def test_the_rows_of_a_damaged_shard_are_captured_again_and_give_the_same_shard(
    tmp_path: Path, kind: Sparsifier, damage: Callable[[Path], None]
) -> None:
    member, store, inputs = linear(1, kind), Store(tmp_path), capture_inputs()
    shards = fill(member, store, inputs)
    damage(folder_of(member, store).path(shards[1]))
    member.seen.clear()
    assert fill(member, store, inputs) == shards
    start = shards[0].rows
    lost = inputs.inputs[start : start + shards[1].rows]
    assert member.seen == [seen.tobytes() for seen in lost]
    member.seen.clear()
    assert fill(member, store, inputs) == shards
    assert member.seen == []


def test_rows_of_a_damaged_shard_are_not_reused_by_another_chunk(tmp_path: Path) -> None:
    member, store, inputs = linear(1, TOPK), Store(tmp_path), capture_inputs()
    shards = fill(member, store, inputs)
    flip(folder_of(member, store).path(shards[1]))
    member.seen.clear()
    backwards = inputs.with_rows(part="one").take(range(24, -1, -1))
    assert fill(member, store, backwards) == from_scratch(TOPK, backwards)
    start = shards[0].rows
    lost = {seen.tobytes() for seen in inputs.inputs[start : start + shards[1].rows]}
    assert set(member.seen) == lost
    assert len(member.seen) == len(lost)


def swap(kept: CaptureStore, names: tuple[str, str]) -> None:
    """Let two chunks name each other's shards, as in a manifest that someone changed."""
    shards, (first, second) = kept.shards(), names
    kept._write({**shards, first: shards[second], second: shards[first]})


@kinds
def test_a_manifest_that_names_the_shard_of_another_chunk_serves_no_wrong_row(
    tmp_path: Path, kind: Sparsifier
) -> None:
    member, store = linear(1, kind), Store(tmp_path)
    shards = fill(member, store, capture_inputs())
    kept = folder_of(member, store)
    first, second, *_ = kept.shards()
    swap(kept, (first, second))
    assert fill(member, store, capture_inputs()) == shards
    assert len(member.seen) <= 25 + kept.shards()[first].rows + kept.shards()[second].rows


def test_a_shard_of_other_examples_with_equal_inputs_is_not_served(tmp_path: Path) -> None:
    member, store, inputs = linear(1, TOPK), Store(tmp_path), capture_inputs(4, parts=1)
    others = inputs.with_rows(part="other")
    others = replace(
        others,
        rows=tuple(
            replace(row, example_id=example_id(50 + at)) for at, row in enumerate(others.rows)
        ),
    )
    shards = fill(member, store, inputs) + fill(member, store, others)
    kept = folder_of(member, store)
    first, second = kept.shards()
    swap(kept, (first, second))
    assert fill(member, store, inputs) + fill(member, store, others) == shards


def test_a_shard_of_another_teacher_is_not_served(tmp_path: Path) -> None:
    store, inputs = Store(tmp_path), capture_inputs(4, parts=1)
    ours, theirs = linear(1, TOPK), linear(2, TOPK)
    (shard,) = fill(ours, store, inputs)
    (stolen,) = fill(theirs, store, inputs)
    kept = folder_of(ours, store)
    kept.path(stolen).write_bytes(folder_of(theirs, store).path(stolen).read_bytes())
    kept._write(dict.fromkeys(kept.shards(), stolen))
    ours.seen.clear()
    assert fill(ours, store, inputs) == [shard]
    assert len(ours.seen) == 4


@pytest.mark.parametrize("wrong", [{"rows": 3}, {"bytes": 9}])
def test_a_shard_that_differs_from_its_manifest_is_captured_again(
    tmp_path: Path, wrong: dict[str, int]
) -> None:
    member, store, inputs = linear(1, TOPK), Store(tmp_path), capture_inputs(4, parts=1)
    (shard,) = fill(member, store, inputs)
    kept = folder_of(member, store)
    kept._write(dict.fromkeys(kept.shards(), replace(shard, **wrong)))
    assert fill(member, store, inputs) == [shard]
    assert set(kept.shards().values()) == {shard}


def test_with_a_malformed_manifest_no_row_is_captured_again_since_shards_name_their_teacher(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    member, store = linear(1, TOPK), Store(tmp_path)
    shards = fill(member, store, capture_inputs())
    (folder_of(member, store).folder / "manifest.json").write_text("{")
    member.seen.clear()
    with caplog.at_level(logging.WARNING):
        assert fill(member, store, capture_inputs()) == shards
    assert member.seen == []
    assert "read to find out what they hold" in caplog.text


class Odd(Linear):
    """A teacher whose answers do not fit its inputs."""

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
    "a class less": (lambda made: (logits[:, 1:] for logits in made), "logits have 3 classes"),
    "a class more": (
        lambda made: (np.pad(logits, ((0, 0), (0, 1))) for logits in made),
        "have 5 classes, but its `classes` is 4",
    ),
    "NaN": (lambda made: (logits * np.nan for logits in made), "NaN or infinity"),
    "infinity": (lambda made: (logits + np.inf for logits in made), "NaN or infinity"),
}


@kinds
@pytest.mark.parametrize("odd", list(ODD))
def test_answers_that_do_not_fit_the_inputs_are_refused_and_nothing_is_committed(
    tmp_path: Path, kind: Sparsifier, odd: str
) -> None:
    change, message = ODD[odd]
    plain, store = linear(1, kind), Store(tmp_path)
    member = type("Changed", (Odd,), {"change": staticmethod(change)})(plain.weights, plain.capture)
    with pytest.raises(SoftLabelError, match=message):
        fill(member, store, capture_inputs())
    assert folder_of(plain, store).shards() == {}


@kinds
def test_more_labels_than_the_teacher_has_positions_are_refused(
    tmp_path: Path, kind: Sparsifier
) -> None:
    inputs = token_inputs().with_rows(labels=np.zeros(4, np.int32))
    with pytest.raises(SoftLabelError, match=r"at 3 positions, but \d inputs of up to 4 positions"):
        fill(linear(1, kind), Store(tmp_path), inputs)
