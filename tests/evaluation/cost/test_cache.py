"""What a cache cost and saved, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from stillroom.errors import DataError
from stillroom.evaluation.cost.cache import Cache

USED = Cache(bytes_on_disk=9000, rows=3600, seconds_per_inference=0.5, epochs=30, students=6)


def test_what_was_paid_is_each_row_once() -> None:
    assert USED.paid_seconds == 1800
    assert USED.bytes_per_row == 2.5


def test_a_live_teacher_answers_each_row_in_each_epoch_of_each_student() -> None:
    assert USED.live_seconds == 30 * 6 * 1800
    assert USED.saved_hours == (180 - 1) * 0.5


@pytest.mark.parametrize(("epochs", "students", "hours"), [(1, 1, 0), (0, 5, -0.5), (5, 0, -0.5)])
def test_what_is_hardly_read_saves_nothing(epochs: int, students: int, hours: float) -> None:
    assert Cache(1, 3600, 0.5, epochs, students).saved_hours == hours


@pytest.mark.parametrize(
    "changes",
    [{"rows": 0}, {"seconds_per_inference": -1.0}, {"epochs": -1}, {"bytes_on_disk": -1}],
)
def test_what_cannot_have_been_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="cannot be"):
        replace(USED, **changes)
