"""Sparse files are told by what the disk holds of them."""

from pathlib import Path

from stillroom.io.files.holes import SMALL, is_mostly_holes


def test_a_file_that_was_never_written_is_mostly_holes(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(2**33)
    assert is_mostly_holes(tmp_path / "a")


def test_written_and_small_files_are_none(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1" * (SMALL + 1))
    assert not is_mostly_holes(tmp_path / "a")
    with (tmp_path / "b").open("wb") as file:
        file.truncate(SMALL)
    assert not is_mostly_holes(tmp_path / "b")
