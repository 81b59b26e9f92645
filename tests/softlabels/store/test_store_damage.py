"""A damaged store: never serves bytes that do not fit the manifest, and keeps unreadable files."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.softlabels.linear_teachers import linear

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.store.store import CaptureStore, Store, read_capture

A, B, C = "a" * 64, "b" * 64, "c" * 64


CAPTURE = linear(1, Full()).capture


@pytest.fixture
def capture_store(tmp_path: Path) -> CaptureStore:
    """Return an empty store of one capture."""
    return Store(tmp_path).of(CAPTURE, "codec")


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
    capture_store: CaptureStore,
    damage: Callable[[Path], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    shard, other = (
        capture_store.commit(A, b"content", 1),
        capture_store.commit(B, b"other", 1),
    )
    damage(capture_store.path(shard))
    assert capture_store.find(A) is None
    assert shard.name in caplog.text
    assert capture_store.shards() == {B: other}
    assert capture_store.find(B) == (other, b"other")


def test_a_shard_whose_size_is_not_the_manifests_is_not_served(
    capture_store: CaptureStore,
) -> None:
    shard = capture_store.commit(A, b"content", 1)
    edit(capture_store, lambda document: document["shards"][A].update(bytes=shard.bytes + 1))
    assert capture_store.find(A) is None


def edit(capture_store: CaptureStore, change: Callable[[dict[str, Any]], object]) -> None:
    path = capture_store.folder / "manifest.json"
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
    capture_store: CaptureStore,
    where: str,
    change: Callable[[dict[str, Any]], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    capture_store.commit(A, b"content", 1)
    edit(capture_store, change)
    with pytest.raises(SoftLabelError) as raised:
        read_capture(capture_store.folder)
    assert str(raised.value).startswith(f"{capture_store.folder / 'manifest.json'}: {where}")
    assert capture_store.find(A) is None
    assert "read to find out what they hold" in caplog.text
    shard = capture_store.commit(B, b"new", 1)
    assert read_capture(capture_store.folder).shards == {B: shard}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000])
def test_a_manifest_that_is_no_json_serves_nothing(
    capture_store: CaptureStore, content: bytes
) -> None:
    capture_store.commit(A, b"content", 1)
    (capture_store.folder / "manifest.json").write_bytes(content)
    assert capture_store.shards() == {}


def test_a_manifest_of_another_capture_serves_nothing(
    capture_store: CaptureStore, tmp_path: Path
) -> None:
    capture_store.commit(A, b"content", 1)
    other = Store(tmp_path).of(replace(CAPTURE, weights="other"), "codec")
    capture_store.folder.rename(other.folder)
    assert other.find(A) is None


def test_a_manifest_that_cannot_be_read_is_an_error_and_is_not_written_over(
    capture_store: CaptureStore,
) -> None:
    capture_store.commit(A, b"content", 1)
    path = capture_store.folder / "manifest.json"
    content = path.read_bytes()
    path.unlink()
    path.mkdir()  # reading it fails with an OSError, as on a broken disk
    with pytest.raises(OSError, match="Is a directory"):
        capture_store.commit(B, b"new", 1)
    path.rmdir()
    path.write_bytes(content)
    assert list(read_capture(capture_store.folder).shards) == [A]


def test_a_capture_that_cannot_be_read_is_an_error_and_is_not_skipped(
    capture_store: CaptureStore,
) -> None:
    capture_store.commit(A, b"content", 1)
    (capture_store.folder / "manifest.json").unlink()
    (capture_store.folder / "manifest.json").mkdir()  # reading it fails with an OSError
    with pytest.raises(OSError, match="Is a directory"):
        list(Store(capture_store.folder.parents[1]).captures())
