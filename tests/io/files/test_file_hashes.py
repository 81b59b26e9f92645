"""Hashes of content are kept while a file is unchanged, and never used for another content."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from stillroom.errors import ConfigError
from stillroom.io import progress
from stillroom.io.files import file_hashes
from stillroom.io.files.file_hashes import KEPT, content_hashes

# From `printf abcd | sha256sum`.
ABCD = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(file_hashes, "CLOCK_STEP", -1)  # any file counts as old enough
    path = tmp_path / "model.bin"
    path.write_bytes(b"abcd")
    return path


def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return a list to which each file is added that is read."""
    opened: list[Path] = []
    actual = file_hashes._state

    def recorded(paths: list[Path]) -> object:
        opened.extend(paths)
        for path in paths:
            yield path, actual(path), hashlib.sha256(path.read_bytes()).hexdigest()

    monkeypatch.setattr(file_hashes, "_read", recorded)
    return opened


def test_the_hash_is_of_the_content(file: Path, tmp_path: Path) -> None:
    assert content_hashes([file, file], tmp_path) == {file: ABCD}
    assert content_hashes([], tmp_path) == {}


def test_an_unchanged_file_is_read_once(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = reads(monkeypatch)
    assert [content_hashes([file], tmp_path)[file] for _ in range(3)] == [ABCD] * 3
    assert opened == [file]


def test_other_bytes_of_equal_size_and_time_have_another_hash(file: Path, tmp_path: Path) -> None:
    content_hashes([file], tmp_path)
    stat = file.stat()
    while file.stat().st_ctime_ns == stat.st_ctime_ns:  # the clock of the filesystem has steps
        file.write_bytes(b"wxyz")
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    assert content_hashes([file], tmp_path)[file] == hashlib.sha256(b"wxyz").hexdigest()


def test_a_file_that_changed_just_now_is_read_again(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_hashes, "CLOCK_STEP", 3600 * 10**9)
    content_hashes([file], tmp_path)
    assert json.loads((tmp_path / KEPT).read_text()) == {}


@pytest.mark.parametrize("content", ["", "[1]", "nonsense", '{"a": 3}', '{"a": {"state": []}}'])
def test_a_broken_or_deleted_file_of_hashes_is_written_again(
    file: Path, tmp_path: Path, content: str
) -> None:
    content_hashes([file], tmp_path)
    written = (tmp_path / KEPT).read_text()
    (tmp_path / KEPT).write_text(content)
    assert content_hashes([file], tmp_path) == {file: ABCD}
    assert (tmp_path / KEPT).read_text() == written
    (tmp_path / KEPT).unlink()
    assert content_hashes([file], tmp_path) == {file: ABCD}


def test_hashes_of_files_that_are_gone_are_forgotten(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.bin"
    other.write_bytes(b"abcd")
    content_hashes([file, other], tmp_path)
    other.unlink()
    (tmp_path / "third.bin").write_bytes(b"1")
    content_hashes([tmp_path / "third.bin"], tmp_path)
    names = {Path(name).name for name in json.loads((tmp_path / KEPT).read_text())}
    assert names == {"model.bin", "third.bin"}


def test_progress_is_shown_when_reading_takes_long(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(file_hashes, "BLOCK", 1)
    monkeypatch.setattr(progress, "SECONDS_BETWEEN_LINES", 0.0)
    content_hashes([file], tmp_path)
    assert capsys.readouterr().err == ""
    (tmp_path / KEPT).unlink()
    monkeypatch.setattr(file_hashes, "QUIET", -1.0)
    assert content_hashes([file], tmp_path) == {file: ABCD}
    assert "read the files of the teachers: 3 of 3 MiB" in capsys.readouterr().err


def test_a_link_that_leads_outside_of_the_project_is_refused(file: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / ".stillroom").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="outside of the project"):
        content_hashes([file], project)
