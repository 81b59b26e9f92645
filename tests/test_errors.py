"""Errors suggest the nearest allowed name, or none."""

from stillroom.errors import DataError, StillroomError, nearest


def test_the_nearest_name_is_suggested() -> None:
    assert nearest("epoch", ["epochs", "lr"]) == " Did you mean epochs?"


def test_nothing_is_suggested_if_no_name_is_near() -> None:
    assert nearest("zzz", ["epochs", "lr"]) == ""


def test_every_error_is_a_stillroom_error() -> None:
    assert issubclass(DataError, StillroomError)
