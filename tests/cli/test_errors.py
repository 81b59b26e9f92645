"""Errors of commands: what a user can mend is one line, what they cannot is a traceback."""

import errno

from kedro.io import DatasetError

from stillroom.cli.errors import told_error
from stillroom.errors import DataError


def test_an_error_of_ours_is_told_even_inside_of_kedros() -> None:
    try:
        try:
            raise DataError("row 3 is wrong")
        except DataError as inner:
            raise DatasetError("Failed while saving data") from inner
    except DatasetError as outer:
        assert told_error(outer) == "row 3 is wrong"


def test_a_full_disk_is_told_with_its_path_and_a_way_out() -> None:
    told = told_error(OSError(errno.ENOSPC, "No space left on device", "/a/b"))
    assert told is not None
    assert "No space left on device at /a/b" in told
    assert "run the same command again" in told


def test_a_defect_is_not_told_away() -> None:
    assert told_error(ZeroDivisionError("x")) is None
