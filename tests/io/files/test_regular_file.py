"""Regular files are opened, and nothing else is, without a wait."""

import os
from pathlib import Path

import pytest

from stillroom.io.files.regular_file import NotRegularFileError, open_regular


def test_a_file_is_read_from_its_start_and_can_seek(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    with open_regular(tmp_path / "a") as stream:
        assert stream.read() == b"abc"
        stream.seek(1)
        assert stream.read() == b"bc"


def test_a_pipe_a_folder_and_a_device_are_refused_and_no_descriptor_stays(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(NotRegularFileError):
            open_regular(path)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_link_is_followed_unless_a_flag_says_otherwise(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("a")
    with open_regular(tmp_path / "link") as stream:
        assert stream.read() == b"abc"
    with pytest.raises(OSError, match="symbolic links"):
        open_regular(tmp_path / "link", os.O_NOFOLLOW)


def test_paths_that_no_file_can_have_keep_their_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_regular(tmp_path / "missing")
    with pytest.raises(ValueError, match="null"):
        open_regular("a\0b")
