"""Garbage collection: keeps the shards that a set names, and lists and removes the rest."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from support.softlabels.linear_teachers import (
    NAMES,
    Captured,
    capture_inputs,
    fill,
    linear,
    write_set,
)

from stillroom.errors import StillroomError
from stillroom.io.files.locking import locked
from stillroom.softlabels.format.manifest import Manifest
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store import gc
from stillroom.softlabels.store.gc import Waste, remove, waste
from stillroom.softlabels.store.store import IN_USE, CaptureStore, Store

TOPK = TopK(k=2, temperatures=(1.0,))
DAY_S = 86400
HOLDS = """
import sys
from pathlib import Path
from stillroom.softlabels.store.store import Store
with Store(Path(sys.argv[1])).in_use():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _nothing_is_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save half of the time. Other tests check the state after a power cut."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file except the lock of the store."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    contents = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    return {name: content for name, content in contents.items() if name != IN_USE}


def size(folder: Path) -> int:
    return sum(map(len, tree(folder).values()))


def capture_of(captured: Captured, member: int = 0) -> CaptureStore:
    return captured.store.of(captured.members[member].capture, CODEC)


def sets(captured: Captured) -> list[Manifest]:
    return [captured.labels.manifest]


def require_kept(captured: Captured) -> None:
    """Check that the set can be read, and that a new capture gives its shards without a teacher."""
    captured.labels.require_intact()
    for member, shards in zip(captured.members, captured.labels.manifest.members, strict=True):
        member.seen.clear()
        assert tuple(fill(member, captured.store, captured.capture_inputs)) == shards.shards
        assert member.seen == []


def test_a_store_whose_shards_are_all_in_sets_has_no_waste(captured: Captured) -> None:
    assert remove(captured.store, lambda: sets(captured), 0) == []
    require_kept(captured)


def test_a_missing_store_has_no_waste(tmp_path: Path) -> None:
    assert waste(Store(tmp_path / "none"), [], 0) == []
    assert remove(Store(tmp_path / "none"), lambda: [], 0) == []


def test_a_capture_that_no_set_names_is_listed_with_its_rows_and_removed(
    captured: Captured,
) -> None:
    other = linear(9, TOPK)
    fill(other, captured.store, captured.capture_inputs)
    folder = captured.store.of(other.capture, CODEC).folder
    why = f"no set uses it: topk of {9:064x}"
    expected = [Waste(folder, size(folder), 25, why)]
    before = tree(captured.store.folder)
    assert waste(captured.store, sets(captured), 0) == expected
    assert tree(captured.store.folder) == before
    assert remove(captured.store, lambda: sets(captured), 0) == expected
    after = tree(captured.store.folder)
    assert set(before.items()) - set(after.items()) == {
        (f"captures/{folder.name}/{name}", content) for name, content in gone(before, folder)
    }
    assert not folder.exists()
    require_kept(captured)


def gone(before: dict[str, bytes], folder: Path) -> list[tuple[str, bytes]]:
    start = f"captures/{folder.name}/"
    return [(n.removeprefix(start), c) for n, c in before.items() if n.startswith(start)]


def test_without_a_set_everything_is_waste(captured: Captured) -> None:
    removed = remove(captured.store, lambda: [], 0)
    assert sorted(one.rows for one in removed) == [25, 25]
    assert list(captured.store.captures()) == []


def test_each_of_several_sets_keeps_what_it_names(captured: Captured, tmp_path: Path) -> None:
    third = linear(3, Full())
    other = write_set(tmp_path / "other", [third], captured.capture_inputs, captured.store)
    assert len(waste(captured.store, [other.manifest], 0)) == 2
    assert [one.path for one in waste(captured.store, sets(captured), 0)] == [
        captured.store.of(third.capture, CODEC).folder
    ]
    assert remove(captured.store, lambda: [*sets(captured), other.manifest], 0) == []


def test_only_the_shards_that_a_newer_set_no_longer_names_are_removed(tmp_path: Path) -> None:
    store, member = Store(tmp_path / "store"), linear(1, TOPK)
    older = fill(member, store, capture_inputs().take(range(20)))
    labels = write_set(tmp_path / "set", [member], capture_inputs(), store, class_names=NAMES)
    newer = labels.manifest.members[0].shards
    idle = sorted((shard for shard in older if shard not in newer), key=lambda shard: shard.name)
    assert 0 < len(idle) < len(older)
    kept = store.of(member.capture, CODEC)
    expected = [
        Waste(kept.path(shard), shard.bytes, shard.rows, "no set names this shard")
        for shard in idle
    ]
    assert waste(store, [labels.manifest], 0) == expected
    assert remove(store, lambda: [labels.manifest], 0) == expected
    assert not any(kept.path(shard).exists() for shard in idle)
    assert set(kept.shards().values()) == set(newer)
    assert waste(store, [labels.manifest], 0) == []
    require_kept(Captured(labels, capture_inputs(), (member,), store))


def test_leftovers_of_runs_that_ended_early_are_removed(captured: Captured) -> None:
    folder = capture_of(captured).folder
    left = [
        folder / "shards" / f"{'0' * 32}.parquet",
        folder / "shards" / f".{'0' * 32}.parquet.{'1' * 32}.partial",
        folder / f".manifest.json.{'2' * 32}.partial",
    ]
    for number, path in enumerate(left):
        path.write_bytes(b"x" * (number + 1))
    before = tree(captured.store.folder)
    removed = remove(captured.store, lambda: sets(captured), 0)
    assert {(one.path, one.bytes, one.rows) for one in removed} == {
        (path, number + 1, 0) for number, path in enumerate(left)
    }
    assert {one.why for one in removed} == {"left by a run that ended early"}
    after = tree(captured.store.folder)
    assert {folder.parents[1] / name for name in before.keys() - after.keys()} == set(left)
    assert after.items() <= before.items()
    require_kept(captured)


@pytest.mark.parametrize("content", ["{", None], ids=["torn", "missing"])
def test_a_capture_with_an_unreadable_manifest_is_not_removed_but_named(
    captured: Captured, content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    other, further = linear(8, TOPK), linear(9, TOPK)
    for member in (other, further):
        fill(member, captured.store, captured.capture_inputs)
    folder = captured.store.of(other.capture, CODEC).folder
    (folder / "manifest.json").unlink()
    if content is not None:
        (folder / "manifest.json").write_text(content)
    before = tree(folder)
    removed = remove(captured.store, lambda: sets(captured), 0)
    assert [one.path for one in removed] == [captured.store.of(further.capture, CODEC).folder]
    assert tree(folder) == before
    assert f"{folder} is not removed" in caplog.text
    require_kept(captured)


@pytest.mark.parametrize("is_folder", [False, True], ids=["file", "folder"])
def test_other_files_are_not_removed_and_stop_nothing(captured: Captured, is_folder: bool) -> None:
    stray = captured.store.folder / "captures" / "0 mine"
    if is_folder:
        stray.mkdir()
    else:
        stray.write_bytes(b"mine")
    fill(linear(9, TOPK), captured.store, captured.capture_inputs)
    removed = remove(captured.store, lambda: sets(captured), 0)
    assert len(removed) == 1
    assert stray.exists()
    assert not removed[0].path.exists()


@pytest.mark.parametrize(("keep_days", "goes"), [(0.0, True), (2.9, True), (3.1, False)])
def test_a_capture_that_was_written_within_the_days_to_keep_stays(
    captured: Captured, keep_days: float, goes: bool
) -> None:
    other = linear(9, TOPK)
    fill(other, captured.store, captured.capture_inputs)
    folder = captured.store.of(other.capture, CODEC).folder
    then = time.time() - 3 * DAY_S
    os.utime(folder / "manifest.json", (then, then))
    removed = remove(captured.store, lambda: sets(captured), keep_days)
    assert [one.path for one in removed] == ([folder] if goes else [])
    assert folder.exists() is not goes


def test_days_to_keep_cover_a_captures_idle_shards_and_leftovers(captured: Captured) -> None:
    folder = capture_of(captured).folder
    (folder / "shards" / "orphan.parquet").write_bytes(b"x")
    assert waste(captured.store, sets(captured), 1) == []
    assert len(waste(captured.store, sets(captured), 0)) == 1


@contextmanager
def another_process_capturing(store: Store) -> Iterator[None]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(store.folder)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.communicate()


def test_nothing_is_removed_while_another_process_captures(
    captured: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gc, "PATIENCE_S", 0.05)
    before = tree(captured.store.folder)
    with another_process_capturing(captured.store):
        with pytest.raises(StillroomError, match=r"another process has held .*in_use for 0\.05 s"):
            remove(captured.store, lambda: [], 0)
        assert tree(captured.store.folder) == before
        assert len(waste(captured.store, [], 0)) == 2  # waste needs no lock
    assert len(remove(captured.store, lambda: [], 0)) == 2


def test_remove_finds_waste_that_appeared_after_a_first_look(captured: Captured) -> None:
    assert waste(captured.store, sets(captured), 0) == []
    fill(linear(9, TOPK), captured.store, captured.capture_inputs)
    assert len(remove(captured.store, lambda: sets(captured), 0)) == 1


def test_a_shard_of_two_chunks_is_removed_once_and_from_both_keys(
    captured: Captured,
) -> None:
    kept = capture_of(captured)
    shard = replace(next(iter(kept.shards().values())))
    content = kept.path(shard).read_bytes() + b" "
    twice = [kept.commit(key * 64, content, 3) for key in "ab"]
    removed = remove(captured.store, lambda: sets(captured), 0)
    assert [(one.path, one.rows) for one in removed] == [(kept.path(twice[0]), 3)]
    assert twice[0] not in kept.shards().values()
    require_kept(captured)


def test_a_set_whose_store_is_gone_wastes_nothing(captured: Captured) -> None:
    shutil.rmtree(capture_of(captured).folder)
    assert remove(captured.store, lambda: sets(captured), 0) == []


def test_the_sets_are_read_while_no_capture_can_add_to_them(captured: Captured) -> None:
    lock = captured.store.folder / IN_USE

    def read() -> list[Manifest]:
        with pytest.raises(StillroomError, match="has held"), locked(lock, 0):
            pass
        return sets(captured)

    assert remove(captured.store, read, 0) == []
    with locked(lock, 0):  # and it is free again
        pass
