"""The store: what it says it holds it holds, whoever else writes and whatever was damaged."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from linear_teachers import linear

from stillroom.errors import SoftLabelError, StillroomError
from stillroom.io.files.locking import locked
from stillroom.softlabels.format.combination import Combination
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.sparsifiers import Full, TopK
from stillroom.softlabels.store import store as module
from stillroom.softlabels.store.store import CaptureStore, Store, read_kept

A, B, C = "a" * 64, "b" * 64, "c" * 64
CAPTURE = linear(1, Full()).capture
COMMITS = """
import sys
from pathlib import Path
from linear_teachers import linear
from stillroom.softlabels.sparsify.sparsifiers import Full
from stillroom.softlabels.store.store import Store
kept = Store(Path(sys.argv[1])).of(linear(1, Full()).capture, "codec")
for number in range(12):
    kept.commit(f"{int(sys.argv[2]):032x}{number:032x}", sys.argv[2].encode() * (number + 1), 1)
"""


@pytest.fixture
def kept(tmp_path: Path) -> CaptureStore:
    """Return an empty store of one capture."""
    return Store(tmp_path).of(CAPTURE, "codec")


def test_what_was_committed_is_found_by_its_block_and_nothing_else_is(kept: CaptureStore) -> None:
    assert kept.find(A) is None
    shard = kept.commit(A, b"content", 3)
    assert shard == Shard.of(b"content", 3)
    assert kept.find(A) == (shard, b"content")
    assert kept.find(B) is None
    again = Store(kept.folder.parent.parent).of(CAPTURE, "codec")
    assert again.shards() == {A: shard}


def test_a_capture_lies_in_a_folder_of_its_fingerprint(tmp_path: Path) -> None:
    kept = Store(tmp_path).of(CAPTURE, "codec")
    shard = kept.commit(A, b"content", 1)
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
def test_another_capture_finds_nothing(kept: CaptureStore, other: dict[str, Any]) -> None:
    kept.commit(A, b"content", 1)
    store = Store(kept.folder.parent.parent)
    assert store.of(replace(CAPTURE, **other), "codec").find(A) is None
    assert store.of(replace(CAPTURE), "codec").find(A) is not None


def test_another_codec_finds_nothing_and_starts_anew(kept: CaptureStore) -> None:
    kept.commit(A, b"content", 1)
    other = Store(kept.folder.parent.parent).of(CAPTURE, "another")
    assert other.find(A) is None
    shard = other.commit(B, b"new", 1)
    assert other.shards() == {B: shard}
    assert kept.find(A) is None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("damage", [cut, flip, empty, Path.unlink, become_a_folder])
def test_a_damaged_shard_is_never_served_and_is_forgotten(
    kept: CaptureStore, damage: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    shard, other = kept.commit(A, b"content", 1), kept.commit(B, b"other", 1)
    damage(kept.path(shard))
    assert kept.find(A) is None
    assert shard.name in caplog.text
    assert kept.shards() == {B: other}
    assert kept.find(B) == (other, b"other")


def test_a_shard_whose_size_is_not_the_manifests_is_not_served(kept: CaptureStore) -> None:
    shard = kept.commit(A, b"content", 1)
    edit(kept, lambda document: document["shards"][A].update(bytes=shard.bytes + 1))
    assert kept.find(A) is None


def edit(kept: CaptureStore, change: Callable[[dict[str, Any]], object]) -> None:
    path = kept.folder / "manifest.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


MALFORMED: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("format", lambda document: document.update(format="stillroom-store/9")),
    ("codec", lambda document: document.pop("codec")),
    ("more", lambda document: document.update(more=1)),
    ("capture.weights", lambda document: document["capture"].update(weights=1)),
    ("shards.nokey", lambda document: document["shards"].update(nokey=document["shards"][A])),
    (f"shards.{A}.rows", lambda document: document["shards"][A].update(rows=0)),
    (f"shards.{A}.sha256", lambda document: document["shards"][A].update(sha256="../" * 20)),
    ("shards", lambda document: document.update(shards=[])),
]


@pytest.mark.parametrize(("where", "change"), MALFORMED, ids=[where for where, _ in MALFORMED])
def test_a_malformed_manifest_serves_nothing_is_named_and_is_replaced(
    kept: CaptureStore,
    where: str,
    change: Callable[[dict[str, Any]], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept.commit(A, b"content", 1)
    edit(kept, change)
    with pytest.raises(SoftLabelError) as raised:
        read_kept(kept.folder)
    assert str(raised.value).startswith(f"{kept.folder / 'manifest.json'}: {where}")
    assert kept.find(A) is None
    assert "looked up in them" in caplog.text
    shard = kept.commit(B, b"new", 1)
    assert read_kept(kept.folder).shards == {B: shard}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_no_json_serves_nothing(kept: CaptureStore, content: bytes) -> None:
    kept.commit(A, b"content", 1)
    (kept.folder / "manifest.json").write_bytes(content)
    assert kept.shards() == {}


def test_a_manifest_of_another_capture_serves_nothing(kept: CaptureStore, tmp_path: Path) -> None:
    kept.commit(A, b"content", 1)
    other = Store(tmp_path).of(replace(CAPTURE, weights="other"), "codec")
    kept.folder.rename(other.folder)
    assert other.find(A) is None


def test_committing_a_block_again_replaces_its_shard(kept: CaptureStore) -> None:
    kept.commit(A, b"old", 1)
    new = kept.commit(A, b"new", 2)
    assert kept.find(A) == (new, b"new")
    assert kept.shards() == {A: new}


def test_what_is_not_in_the_manifest_does_not_exist(kept: CaptureStore) -> None:
    stray = Shard.of(b"stray", 1)
    kept.commit(A, b"content", 1)
    kept.path(stray).write_bytes(b"stray")
    assert stray not in kept.shards().values()


@pytest.mark.parametrize("nth", [1, 2])
def test_a_commit_that_the_disk_refuses_leaves_what_was_committed_before(
    kept: CaptureStore, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    first = kept.commit(A, b"content", 1)
    replaced, left = Path.replace, [nth]

    def refuse(self: Path, target: Path) -> Path:
        left[0] -= 1
        if not left[0]:
            raise OSError(28, "No space left on device")
        return replaced(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        kept.commit(B, b"more", 1)
    monkeypatch.undo()
    assert kept.shards() == {A: first}
    assert kept.find(A) == (first, b"content")
    assert not list(kept.folder.rglob(".*.partial"))
    assert kept.commit(B, b"more", 1) in kept.shards().values()


def test_what_a_killed_writer_left_is_swept_by_the_next_commit(kept: CaptureStore) -> None:
    shard = kept.commit(A, b"content", 1)
    stale = [
        kept.folder / f".manifest.json.{'0' * 32}.partial",
        kept.path(shard).with_name(f".{shard.name}.{'0' * 32}.partial"),
    ]
    mine = [kept.folder / "notes.partial", kept.folder / "shards" / ".hidden"]
    for path in stale + mine:
        path.write_bytes(b"half")
    kept.commit(B, b"more", 1)
    assert not any(path.exists() for path in stale)
    assert all(path.exists() for path in mine)
    assert kept.find(A) == (shard, b"content")


def test_two_threads_lose_no_commit(kept: CaptureStore) -> None:
    def commit(name: str) -> None:
        own = CaptureStore(kept.folder, CAPTURE, "codec")
        for number in range(10):
            own.commit(f"{name}{number:063x}", f"{name}{number}".encode(), 1)

    threads = [threading.Thread(target=commit, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept.shards()) == 30
    assert all(kept.find(key) is not None for key in kept.shards())


def test_real_processes_lose_no_commit_and_leave_no_rest(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen([sys.executable, "-c", COMMITS, str(tmp_path), number], env=environment)
        for number in "123"
    ]
    assert [process.wait() for process in running] == [0, 0, 0]
    kept = Store(tmp_path).of(CAPTURE, "codec")
    expected = {
        f"{int(number):032x}{at:032x}": Shard.of(number.encode() * (at + 1), 1)
        for number in "123"
        for at in range(12)
    }
    assert kept.shards() == expected
    assert all(kept.find(key) is not None for key in expected)
    assert not list(tmp_path.rglob("*.partial"))


def test_a_store_that_another_process_holds_is_waited_for_and_then_given_up(
    kept: CaptureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = kept.commit(A, b"content", 1)
    monkeypatch.setattr(module, "locked", lambda path: locked(path, patience_s=0.05))
    with (
        locked(kept.folder / "lock"),
        pytest.raises(StillroomError, match=r"another process has held .*lock for 0\.05 s"),
    ):
        kept.commit(B, b"more", 1)
    assert kept.shards() == {A: first}


def test_every_capture_is_listed_and_one_that_cannot_be_read_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    assert list(store.kept()) == []
    members = [linear(seed, Full()) for seed in (1, 2, 3)]
    folders = []
    for member in members:
        store.of(member.capture, CODEC).commit(A, b"content", 1)
        folders.append(store.of(member.capture, CODEC).folder)
    (folders[1] / "manifest.json").write_text("{")
    (tmp_path / "captures" / "stray.txt").write_text("")
    found = dict(store.kept())
    assert {path: kept.capture for path, kept in found.items()} == {
        folders[0]: members[0].capture,
        folders[2]: members[2].capture,
    }
    assert list(found) == sorted(found)
    assert str(folders[1]) in caplog.text


def test_a_manifest_that_cannot_be_read_is_an_error_and_is_not_written_over(
    kept: CaptureStore,
) -> None:
    kept.commit(A, b"content", 1)
    path = kept.folder / "manifest.json"
    content = path.read_bytes()
    path.unlink()
    path.mkdir()  # a read of it fails as on a broken disk: with an OSError
    with pytest.raises(OSError, match="Is a directory"):
        kept.commit(B, b"new", 1)
    path.rmdir()
    path.write_bytes(content)
    assert list(read_kept(kept.folder).shards) == [A]


def test_a_capture_that_cannot_be_read_is_an_error_and_is_not_passed_over(
    kept: CaptureStore,
) -> None:
    kept.commit(A, b"content", 1)
    (kept.folder / "manifest.json").unlink()
    (kept.folder / "manifest.json").mkdir()  # a read of it fails with an OSError
    with pytest.raises(OSError, match="Is a directory"):
        list(Store(kept.folder.parents[1]).kept())
