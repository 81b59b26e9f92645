"""Whole file: the bytes of a regular file, and what is refused."""

import os

import pytest

from stillroom.data.files.whole_file import read_whole
from stillroom.errors import DataError


def test_the_bytes_are_those_of_the_file(tmp_path):
    path = tmp_path / "a"
    for content in (b"", b"x", bytes(range(256)) * 5000):
        path.write_bytes(content)
        assert read_whole(path, "a") == content


def test_a_file_beyond_the_bound_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(bytes(101))
    with pytest.raises(DataError, match=r"^a has 101 B; a file may have 100 B\."):
        read_whole(tmp_path / "a", "a", 100)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"^t\.csv row 3: the file does not exist"):
        read_whole(tmp_path / "a", "t.csv row 3")
    with pytest.raises(DataError, match="does not exist"):
        read_whole(tmp_path / "a" / "b", "t.csv row 3")


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b"], ids=["too long", "a null byte"])
def test_what_is_no_path_is_refused(tmp_path, name):
    with pytest.raises(DataError, match=r"^row 3 cannot be opened"):
        read_whole(tmp_path / name, "row 3")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"^a\.png is no regular file"):
        read_whole(tmp_path / "a.png", "a.png")


@pytest.mark.parametrize("change", ["grows", "shrinks"])
def test_a_file_that_changes_its_size_is_refused(tmp_path, monkeypatch, change):
    path = tmp_path / "a"
    path.write_bytes(bytes(100))
    fstat = os.fstat

    def changing(descriptor):
        """Change the file after each look at its size, so also between the last and the read."""
        status = fstat(descriptor)
        os.truncate(path, status.st_size + 1 if change == "grows" else status.st_size // 2)
        return status

    monkeypatch.setattr(os, "fstat", changing)
    with pytest.raises(DataError, match="a changed while it was read"):
        read_whole(path, "a")
