"""Clones have the same content, and a write to one does not change the other."""

import errno
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from stillroom.io.files import reflink as module
from stillroom.io.files.reflink import FICLONE, can_reflink, clone

CONTENT = os.urandom(200_000)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a file."""
    path = tmp_path / "source"
    path.write_bytes(CONTENT)
    return path


def test_a_clone_has_the_content_and_an_inode_of_its_own(source: Path) -> None:
    target = source.with_name("new") / "target"
    clone(source, target)
    assert target.read_bytes() == CONTENT
    assert target.stat().st_ino != source.stat().st_ino
    assert source.stat().st_nlink == target.stat().st_nlink == 1
    assert [path.name for path in target.parent.iterdir()] == ["target"]


@pytest.mark.parametrize("written", ["source", "target"])
def test_a_write_through_one_name_does_not_change_the_other(source: Path, written: str) -> None:
    target = source.with_name("target")
    clone(source, target)
    paths = {"source": source, "target": target}
    with paths.pop(written).open("r+b") as stream:
        stream.write(b"changed")
    (other,) = paths.values()
    assert other.read_bytes() == CONTENT


def test_a_clone_replaces_a_link_and_not_the_target_of_the_link(source: Path) -> None:
    target, elsewhere = source.with_name("target"), source.with_name("elsewhere")
    elsewhere.write_bytes(b"mine")
    target.symlink_to(elsewhere)
    clone(source, target)
    assert target.read_bytes() == CONTENT
    assert elsewhere.read_bytes() == b"mine"


def test_an_empty_file_has_an_empty_clone(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    clone(tmp_path / "empty", tmp_path / "target")
    assert (tmp_path / "target").read_bytes() == b""


def test_nothing_is_copied_if_the_filesystem_shares_blocks(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def share(target: int, request: int, given: int) -> int:
        assert request == FICLONE == (1 << 30) | (4 << 16) | (0x94 << 8) | 9  # _IOW(0x94, 9, int)
        assert os.fstat(given).st_ino == source.stat().st_ino
        return os.write(target, b"shared")

    monkeypatch.setattr(module.fcntl, "ioctl", share)
    clone(source, source.with_name("target"))
    assert source.with_name("target").read_bytes() == b"shared"


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EXDEV, errno.EINVAL, errno.ENOTTY])
def test_the_content_is_copied_if_the_filesystem_does_not_share_blocks(
    source: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(module.fcntl, "ioctl", refuse)
    clone(source, source.with_name("target"))
    assert source.with_name("target").read_bytes() == CONTENT


def test_a_failing_copy_leaves_the_old_file_and_no_temporary_file(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = source.with_name("target")
    target.write_bytes(b"old")

    def fill_up(_: BinaryIO, writing: BinaryIO, at_once: int) -> None:
        writing.write(CONTENT[:100])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "_reflinked", lambda *_: False)
    monkeypatch.setattr(module.shutil, "copyfileobj", fill_up)
    with pytest.raises(OSError, match=r"No space left.*target"):
        clone(source, target)
    assert target.read_bytes() == b"old"
    assert {path.name for path in source.parent.iterdir()} == {"source", "target"}


def test_the_error_about_a_missing_source_names_the_source(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="source"):
        clone(tmp_path / "source", tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


def test_can_reflink_returns_the_answer_of_the_filesystem_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(*_: object) -> None:
        tried.append(True)
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(module.fcntl, "ioctl", lambda *_: tried.append(True))
    assert can_reflink(tmp_path, tmp_path / "not" / "yet")
    monkeypatch.setattr(module.fcntl, "ioctl", refuse)
    assert not can_reflink(tmp_path, tmp_path / "not" / "yet")
    assert len(tried) == 2
    assert list(tmp_path.iterdir()) == []
