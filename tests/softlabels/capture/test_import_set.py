"""Import of a set: afterwards a new store serves the rows of a set on disk without the teachers."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.softlabels.linear_teachers import Captured, capture, capture_inputs, fill, token_inputs

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.import_set import import_set
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store.store import Store

TOPK = TopK(k=3, temperatures=(1.0, 4.0))


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
        member.seen.clear()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_after_an_import_into_an_empty_store_no_row_is_captured(
    captured: Captured, fresh: Store
) -> None:
    ticks: list[int] = []
    forget(captured)
    assert import_set(captured.labels, fresh, ticks.append) == shards_of(captured) > 4
    assert sum(ticks) == 2 * 25
    for member, kept in zip(captured.members, captured.labels.manifest.members, strict=True):
        assert tuple(fill(member, fresh, captured.capture_inputs)) == kept.shards
        assert member.seen == []


@pytest.mark.parametrize(
    "kind", [Full(), TOPK, Sample(samples=5, temperature=1.0)], ids=lambda kind: kind.kind
)
def test_only_rows_that_the_imported_set_lacks_are_captured(
    tmp_path: Path, fresh: Store, kind: Full | TopK | Sample
) -> None:
    made = capture(tmp_path / "set", 1, kind, capture_inputs().take(range(22)))
    import_set(made.labels, fresh, quietly)
    forget(made)
    (member,) = made.members
    shards = fill(member, fresh, capture_inputs())
    new = capture_inputs().inputs[22:]
    assert sorted(member.seen) == sorted(one.tobytes() for one in new)
    assert shards == fill(member, Store(tmp_path / "new"), capture_inputs())


def test_an_imported_set_is_a_source_of_poorer_captures(tmp_path: Path, fresh: Store) -> None:
    made = capture(tmp_path / "set", 1, TOPK, token_inputs())
    import_set(made.labels, fresh, quietly)
    forget(made)
    smaller = made.members[0].keeping(TopK(k=1, temperatures=(1.0, 4.0)))
    fill(smaller, fresh, token_inputs())
    assert smaller.seen == []


def test_a_second_import_changes_nothing(captured: Captured, fresh: Store) -> None:
    import_set(captured.labels, fresh, quietly)
    before = dict(fresh.captures())
    assert import_set(captured.labels, fresh, quietly) == 0
    assert dict(fresh.captures()) == before
    assert len(before) == 2


def test_the_store_of_a_set_has_nothing_to_import(captured: Captured) -> None:
    before = dict(captured.store.captures())
    assert import_set(captured.labels, captured.store, quietly) == 0
    assert dict(captured.store.captures()) == before


def test_only_shards_that_the_store_lacks_are_new(captured: Captured, fresh: Store) -> None:
    for seed in (0, 1):
        member = captured.members[seed]
        fill(member, fresh, captured.capture_inputs.take(range(13)))
    held = {s.name for _, kept in fresh.captures() for s in kept.shards.values()}
    named = {s.name for member in captured.labels.manifest.members for s in member.shards}
    assert 0 < len(named & held) < len(named)
    assert import_set(captured.labels, fresh, quietly) == len(named - held)


@pytest.mark.parametrize("harm", [flip, Path.unlink], ids=["damaged", "missing"])
def test_a_shard_that_is_damaged_or_missing_in_the_store_is_imported_again(
    captured: Captured, fresh: Store, harm: Callable[[Path], object]
) -> None:
    import_set(captured.labels, fresh, quietly)
    member = captured.members[1]
    kept = fresh.of(member.capture, CODEC)
    harm(kept.path(captured.labels.manifest.members[1].shards[0]))
    assert import_set(captured.labels, fresh, quietly) == 1
    forget(captured)
    fill(member, fresh, captured.capture_inputs)
    assert member.seen == []


def test_a_damaged_shard_is_refused_by_name_and_those_before_it_are_kept(
    captured: Captured, fresh: Store
) -> None:
    shards = captured.labels.manifest.members[0].shards
    flip(captured.labels.path(0, shards[2]))
    with pytest.raises(SoftLabelError, match=f"shard {shards[2].name} is damaged"):
        import_set(captured.labels, fresh, quietly)
    (held,) = [kept for _, kept in fresh.captures()]
    assert set(held.shards.values()) == set(shards[:2])


def test_a_missing_shard_is_refused_by_name(captured: Captured, fresh: Store) -> None:
    path = captured.labels.path(0, captured.labels.manifest.members[0].shards[0])
    path.unlink()
    with pytest.raises(SoftLabelError, match=f"shard {path} is missing"):
        import_set(captured.labels, fresh, quietly)
    assert list(fresh.captures()) == []


def test_imported_rows_outlive_the_set(captured: Captured, fresh: Store) -> None:
    import_set(captured.labels, fresh, quietly)
    shutil.rmtree(captured.folder)
    forget(captured)
    fill(captured.members[0], fresh, captured.capture_inputs)
    assert captured.members[0].seen == []
