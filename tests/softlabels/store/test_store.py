"""The store: keeps every commit, also with several writers and after a failure."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.softlabels.linear_teachers import linear

from stillroom.errors import StillroomError
from stillroom.io.files.locking import locked
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.store import store as module
from stillroom.softlabels.store.store import CaptureStore, Store

A, B, C = "a" * 64, "b" * 64, "c" * 64


CAPTURE = linear(1, Full()).capture


COMMITS = """
import sys
from pathlib import Path
from support.softlabels.linear_teachers import linear
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.store.store import Store
capture_store = Store(Path(sys.argv[1])).of(linear(1, Full()).capture, "codec")
for number in range(12):
    content = sys.argv[2].encode() * (number + 1)
    capture_store.commit(f"{int(sys.argv[2]):032x}{number:032x}", content, 1)
"""


@pytest.fixture
def capture_store(tmp_path: Path) -> CaptureStore:
    """Return an empty store of one capture."""
    return Store(tmp_path).of(CAPTURE, "codec")


def test_a_committed_shard_is_found_by_its_chunk_and_by_no_other(
    capture_store: CaptureStore,
) -> None:
    assert capture_store.find(A) is None
    shard = capture_store.commit(A, b"content", 3)
    assert shard == Shard.of(b"content", 3)
    assert capture_store.find(A) == (shard, b"content")
    assert capture_store.find(B) is None
    again = Store(capture_store.folder.parent.parent).of(CAPTURE, "codec")
    assert again.shards() == {A: shard}


def test_a_capture_lies_in_a_folder_of_its_fingerprint(tmp_path: Path) -> None:
    capture_store = Store(tmp_path).of(CAPTURE, "codec")
    shard = capture_store.commit(A, b"content", 1)
    folder = tmp_path / "captures" / CAPTURE.fingerprint
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"manifest.json", "lock", f"shards/{shard.name}"}


@pytest.mark.parametrize(
    "other",
    [
        {"ensemble": Combination.of("logit", [1.0])},
        {"weights": "other"},
        {"architecture": "other"},
        {"preprocessing": "other"},
        {"augmentation": "crops"},
        {"dtype": "bfloat16"},
        {"sparsifier": TopK(k=4, temperatures=(1.0,))},
        {"seed": 1},
        {"batch_size": 8},
        {"libraries": ("numpy 3",)},
        {"device": "cuda"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_capture_finds_nothing(capture_store: CaptureStore, other: dict[str, Any]) -> None:
    capture_store.commit(A, b"content", 1)
    store = Store(capture_store.folder.parent.parent)
    assert store.of(replace(CAPTURE, **other), "codec").find(A) is None
    assert store.of(replace(CAPTURE), "codec").find(A) is not None


def test_another_codec_finds_nothing_and_replaces_the_manifest(
    capture_store: CaptureStore,
) -> None:
    capture_store.commit(A, b"content", 1)
    other = Store(capture_store.folder.parent.parent).of(CAPTURE, "another")
    assert other.find(A) is None
    shard = other.commit(B, b"new", 1)
    assert other.shards() == {B: shard}
    assert capture_store.find(A) is None


def test_a_second_commit_of_a_chunk_replaces_its_shard(capture_store: CaptureStore) -> None:
    capture_store.commit(A, b"old", 1)
    new = capture_store.commit(A, b"new", 2)
    assert capture_store.find(A) == (new, b"new")
    assert capture_store.shards() == {A: new}


def test_a_shard_that_is_not_in_the_manifest_does_not_exist(
    capture_store: CaptureStore,
) -> None:
    stray = Shard.of(b"stray", 1)
    capture_store.commit(A, b"content", 1)
    capture_store.path(stray).write_bytes(b"stray")
    assert stray not in capture_store.shards().values()


@pytest.mark.parametrize("nth", [1, 2])
def test_a_commit_that_the_disk_refuses_leaves_earlier_commits_unchanged(
    capture_store: CaptureStore, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    first = capture_store.commit(A, b"content", 1)
    replaced, left = Path.replace, [nth]

    def refuse(self: Path, target: Path) -> Path:
        left[0] -= 1
        if not left[0]:
            raise OSError(28, "No space left on device")
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        capture_store.commit(B, b"more", 1)
    monkeypatch.undo()
    assert capture_store.shards() == {A: first}
    assert capture_store.find(A) == (first, b"content")
    assert not list(capture_store.folder.rglob(".*.partial"))
    assert capture_store.commit(B, b"more", 1) in capture_store.shards().values()


def test_the_next_commit_removes_the_files_of_a_killed_writer(
    capture_store: CaptureStore,
) -> None:
    shard = capture_store.commit(A, b"content", 1)
    stale = [
        capture_store.folder / f".manifest.json.{'0' * 32}.partial",
        capture_store.path(shard).with_name(f".{shard.name}.{'0' * 32}.partial"),
    ]
    mine = [
        capture_store.folder / "notes.partial",
        capture_store.folder / "shards" / ".hidden",
    ]
    for path in stale + mine:
        path.write_bytes(b"half")
    capture_store.commit(B, b"more", 1)
    assert not any(path.exists() for path in stale)
    assert all(path.exists() for path in mine)
    assert capture_store.find(A) == (shard, b"content")


def test_two_threads_lose_no_commit(capture_store: CaptureStore) -> None:
    def commit(name: str) -> None:
        own = CaptureStore(capture_store.folder, CAPTURE, "codec")
        for number in range(10):
            own.commit(f"{name}{number:063x}", f"{name}{number}".encode(), 1)

    threads = [threading.Thread(target=commit, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(capture_store.shards()) == 30
    assert all(capture_store.find(key) is not None for key in capture_store.shards())


def test_real_processes_lose_no_commit_and_leave_no_temporary_files(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen([sys.executable, "-c", COMMITS, str(tmp_path), number], env=environment)
        for number in "123"
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    capture_store = Store(tmp_path).of(CAPTURE, "codec")
    expected = {
        f"{int(number):032x}{at:032x}": Shard.of(number.encode() * (at + 1), 1)
        for number in "123"
        for at in range(12)
    }
    assert capture_store.shards() == expected
    assert all(capture_store.find(key) is not None for key in expected)
    assert not list(tmp_path.rglob("*.partial"))


def test_a_commit_waits_for_another_process_and_then_fails(
    capture_store: CaptureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = capture_store.commit(A, b"content", 1)
    monkeypatch.setattr(module, "locked", lambda path: locked(path, patience_s=0.05))
    with (
        locked(capture_store.folder / "lock"),
        pytest.raises(StillroomError, match=r"another process has held .*lock for 0\.05 s"),
    ):
        capture_store.commit(B, b"more", 1)
    assert capture_store.shards() == {A: first}


def test_every_capture_is_listed_and_a_malformed_one_is_skipped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    assert list(store.captures()) == []
    members = [linear(seed, Full()) for seed in (1, 2, 3)]
    folders = []
    for member in members:
        store.of(member.capture, CODEC).commit(A, b"content", 1)
        folders.append(store.of(member.capture, CODEC).folder)
    (folders[1] / "manifest.json").write_text("{")
    (tmp_path / "captures" / "stray.txt").write_text("")
    captures = dict(store.captures())
    assert {path: stored.capture for path, stored in captures.items()} == {
        folders[0]: members[0].capture,
        folders[2]: members[2].capture,
    }
    assert list(captures) == sorted(captures)
    assert str(folders[1]) in caplog.text
