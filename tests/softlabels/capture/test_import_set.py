"""Adopt: after it, a store without a past answers for a set on disk, not the teachers."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from linear_teachers import Captured, capture, fill, questions, token_questions

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.import_set import adopt
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.sparsifiers import Full, Sample, TopK
from stillroom.softlabels.store.store import Store

TOPK = TopK(k=3, temperatures=(1.0, 4.0))


@pytest.fixture(autouse=True)
def _nothing_is_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save half of the time: what a power cut leaves is tested elsewhere."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def fresh(tmp_path: Path) -> Store:
    """Return the store of a fresh clone: it does not exist."""
    return Store(tmp_path / "fresh")


def quietly(rows: int) -> None:
    pass


def shards_of(made: Captured) -> int:
    return sum(len(member.shards) for member in made.labels.manifest.members)


def forget(made: Captured) -> None:
    for member in made.members:
        member.asked.clear()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_an_empty_store_that_adopts_a_set_need_not_ask_for_it(
    captured: Captured, fresh: Store
) -> None:
    ticks: list[int] = []
    forget(captured)
    assert adopt(captured.labels, fresh, ticks.append) == shards_of(captured) > 4
    assert sum(ticks) == 2 * 25
    for member, kept in zip(captured.members, captured.labels.manifest.members, strict=True):
        assert tuple(fill(member, fresh, captured.questions)) == kept.shards
        assert member.asked == []


@pytest.mark.parametrize(
    "kind", [Full(), TOPK, Sample(draws=5, temperature=1.0)], ids=lambda kind: kind.kind
)
def test_only_rows_that_are_new_since_are_asked(
    tmp_path: Path, fresh: Store, kind: Full | TopK | Sample
) -> None:
    made = capture(tmp_path / "set", 1, kind, questions().take(range(22)))
    adopt(made.labels, fresh, quietly)
    forget(made)
    (member,) = made.members
    found = fill(member, fresh, questions())
    new = questions().inputs[22:]
    assert sorted(member.asked) == sorted(one.tobytes() for one in new)
    assert found == fill(member, Store(tmp_path / "anew"), questions())


def test_what_was_adopted_is_a_source_of_poorer_captures(tmp_path: Path, fresh: Store) -> None:
    made = capture(tmp_path / "set", 1, TOPK, token_questions())
    adopt(made.labels, fresh, quietly)
    forget(made)
    smaller = made.members[0].keeping(TopK(k=1, temperatures=(1.0, 4.0)))
    fill(smaller, fresh, token_questions())
    assert smaller.asked == []


def test_adopting_twice_changes_nothing(captured: Captured, fresh: Store) -> None:
    adopt(captured.labels, fresh, quietly)
    before = dict(fresh.kept())
    assert adopt(captured.labels, fresh, quietly) == 0
    assert dict(fresh.kept()) == before
    assert len(before) == 2


def test_the_store_that_a_set_was_made_from_has_nothing_to_adopt(captured: Captured) -> None:
    before = dict(captured.store.kept())
    assert adopt(captured.labels, captured.store, quietly) == 0
    assert dict(captured.store.kept()) == before


def test_only_shards_that_the_store_lacks_are_new(captured: Captured, fresh: Store) -> None:
    for seed in (0, 1):
        member = captured.members[seed]
        fill(member, fresh, captured.questions.take(range(13)))
    held = {s.name for _, kept in fresh.kept() for s in kept.shards.values()}
    named = {s.name for member in captured.labels.manifest.members for s in member.shards}
    assert 0 < len(named & held) < len(named)
    assert adopt(captured.labels, fresh, quietly) == len(named - held)


@pytest.mark.parametrize("harm", [flip, Path.unlink], ids=["damaged", "missing"])
def test_a_shard_that_the_store_holds_in_name_alone_is_adopted_again(
    captured: Captured, fresh: Store, harm: Callable[[Path], object]
) -> None:
    adopt(captured.labels, fresh, quietly)
    member = captured.members[1]
    kept = fresh.of(member.capture, CODEC)
    harm(kept.path(captured.labels.manifest.members[1].shards[0]))
    assert adopt(captured.labels, fresh, quietly) == 1
    forget(captured)
    fill(member, fresh, captured.questions)
    assert member.asked == []


def test_a_damaged_shard_is_refused_by_name_and_those_before_it_are_kept(
    captured: Captured, fresh: Store
) -> None:
    shards = captured.labels.manifest.members[0].shards
    flip(captured.labels.path(0, shards[2]))
    with pytest.raises(SoftLabelError, match=f"shard {shards[2].name} is damaged"):
        adopt(captured.labels, fresh, quietly)
    (held,) = [kept for _, kept in fresh.kept()]
    assert set(held.shards.values()) == set(shards[:2])


def test_a_missing_shard_is_refused_by_name(captured: Captured, fresh: Store) -> None:
    path = captured.labels.path(0, captured.labels.manifest.members[0].shards[0])
    path.unlink()
    with pytest.raises(SoftLabelError, match=f"shard {path} is missing"):
        adopt(captured.labels, fresh, quietly)
    assert list(fresh.kept()) == []


def test_what_was_adopted_outlives_the_set(captured: Captured, fresh: Store) -> None:
    adopt(captured.labels, fresh, quietly)
    shutil.rmtree(captured.folder)
    forget(captured)
    fill(captured.members[0], fresh, captured.questions)
    assert captured.members[0].asked == []
