"""Errors of commands: what the user can correct is one line, a defect is a traceback."""

import errno

from kedro.io import DatasetError

from stillroom.cli.errors import user_message
from stillroom.errors import DataError


def test_an_error_of_stillroom_inside_of_a_kedro_error_is_printed() -> None:
    try:
        try:
            raise DataError("row 3 is wrong")
        except DataError as inner:
            raise DatasetError("Failed while saving data") from inner
    except DatasetError as outer:
        assert user_message(outer) == "row 3 is wrong"


def test_a_full_disk_is_printed_with_its_path_and_a_way_out() -> None:
    message = user_message(OSError(errno.ENOSPC, "No space left on device", "/a/b"))
    assert message is not None
    assert "No space left on device at /a/b" in message
    assert "run the same command again" in message


def test_a_defect_keeps_its_traceback() -> None:
    assert user_message(ZeroDivisionError("x")) is None


def test_a_path_that_no_file_can_have_is_shown_in_part() -> None:
    for number in (errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL):
        message = user_message(OSError(number, "No such path", "/" + "a" * 5000)) or ""
        assert (
            message
            == f"No such path at /{'a' * 99}…. Correct the path, then run the same command again."
        )
    assert user_message(OSError(errno.EINVAL, "Invalid argument")) is None
