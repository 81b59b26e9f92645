"""JSON files are canonical, and an unreadable one is an error that says what to do."""

import os
from pathlib import Path

import pytest

from stillroom.errors import DataError
from stillroom.io.json.json_files import read_json, write_json


def test_equal_values_give_equal_bytes_regardless_of_their_order(tmp_path: Path) -> None:
    write_json(tmp_path / "a", {"b": 1, "a": [1.5, None]})
    write_json(tmp_path / "b", {"a": [1.5, None], "b": 1})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert read_json(tmp_path / "a") == {"a": [1.5, None], "b": 1}


def test_nan_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a", {"x": float("nan")})
    assert not (tmp_path / "a").exists()


def test_a_missing_file_names_the_command_that_writes_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Run the stage that writes it first"):
        read_json(tmp_path / "a")
    with pytest.raises(DataError, match="Run `kedro run --pipeline=ingest` first"):
        read_json(tmp_path / "a", "ingest")


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b""])
def test_a_file_that_is_not_json_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match=r"is not JSON .* run `kedro run --pipeline=evaluate`"):
        read_json(tmp_path / "a", "evaluate")


def test_a_file_that_is_too_large_is_refused_and_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(50 * 10**9)
    with pytest.raises(DataError, match="a has more than 67,108,864 bytes"):
        read_json(tmp_path / "a")


def test_a_file_may_have_the_largest_size_and_no_byte_more(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("[1, 2]")
    assert read_json(tmp_path / "a", most=6) == [1, 2]
    with pytest.raises(DataError, match="a has more than 5 bytes"):
        read_json(tmp_path / "a", most=5)


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(DataError, match=f"^{path} is no regular file"):
            read_json(path)
