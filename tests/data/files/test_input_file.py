"""Input files: the hash is of the bytes that are parsed, and nothing hangs or takes all memory."""

import hashlib
import os
import time

import pytest
from support.examples.table_request import limits

from stillroom.data.files import input_file
from stillroom.data.files.input_file import FREE_BYTES, FREE_ROWS, open_input
from stillroom.errors import DataError


def test_the_stream_gives_the_bytes_of_the_hash(tmp_path):
    (tmp_path / "a").write_bytes(b"content")
    with open_input(tmp_path / "a", "a", limits()) as file:
        assert (file.stream.read(), file.size, file.part) == (b"content", 7, "a")
    assert file.sha256 == hashlib.sha256(b"content").hexdigest()


def write(path):
    path.write_bytes(b"CONTENT")


def append(path):
    with path.open("ab") as stream:
        stream.write(b"x")


def truncate(path):
    os.truncate(path, 2)


def write_and_set_the_time_back(path):
    before = path.stat()
    path.write_bytes(b"CONTENT")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = [write, append, truncate, write_and_set_the_time_back]


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_meanwhile_is_refused(tmp_path, change):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    with (
        pytest.raises(DataError, match="a changed while it was being read"),
        open_input(path, "a", limits()),
    ):
        change(path)


def test_a_change_within_a_step_of_the_clock_is_seen_too(tmp_path, monkeypatch):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    monkeypatch.setattr(input_file, "_state", lambda _: (7, 0, time.time_ns()))
    with pytest.raises(DataError, match="changed"), open_input(path, "a", limits()):
        path.write_bytes(b"CONTENT")


def test_what_the_parser_says_of_a_changed_file_is_that_it_changed(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    with pytest.raises(DataError, match="changed"), open_input(path, "a", limits()):
        append(path)
        raise DataError("row 3 is damaged")


def test_another_file_in_its_place_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"content")
    (tmp_path / "b").write_bytes(b"CONTENT")
    with pytest.raises(DataError, match="changed"), open_input(path, "a", limits()) as file:
        (tmp_path / "b").replace(path)
        assert file.stream.read() == b"content"


def test_pipes_devices_and_folders_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", "/dev/null", tmp_path):
        with (
            pytest.raises(DataError, match="is no regular file"),
            open_input(path, "a", limits()),
        ):
            pass
    with pytest.raises(DataError, match="a cannot be opened"), open_input("x", "a", limits()):
        pass


def test_a_file_beyond_the_budget_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 101)
    with (
        pytest.raises(DataError, match=r"a has 101 bytes, but data\.limits\.bytes is 100"),
        open_input(tmp_path / "a", "a", limits(bytes=100)),
    ):
        pass


@pytest.mark.parametrize("stored", [0, 4096])
def test_a_file_with_holes_is_refused_before_it_is_read(tmp_path, stored):
    path = tmp_path / "a"
    path.write_bytes(b"x" * stored)
    os.truncate(path, 8 * 2**30)
    started = time.monotonic()
    with pytest.raises(DataError, match="holes"), open_input(path, "a", limits()):
        pass
    assert time.monotonic() - started < 5


def test_the_budget_grows_with_the_file(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 1000)
    with open_input(tmp_path / "a", "a", limits()) as file:
        assert file.budget(limits()) == FREE_BYTES
        assert file.budget(limits(ratio=10**6)) == 10**9
        assert file.budget(limits(ratio=10**6, bytes=5000)) == 5000


def test_rows_beyond_a_million_take_a_byte_each(tmp_path):
    (tmp_path / "a").write_bytes(b"x" * 2 * FREE_ROWS)
    with open_input(tmp_path / "a", "a", limits()) as file:
        assert file.most_rows(limits()) == 2 * FREE_ROWS
        assert file.most_rows(limits(rows=3)) == 3
    (tmp_path / "b").write_bytes(b"x")
    with open_input(tmp_path / "b", "b", limits()) as file:
        assert file.most_rows(limits()) == FREE_ROWS
