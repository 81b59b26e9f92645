"""The cost and the savings of a cache, worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from stillroom.errors import DataError
from stillroom.evaluation.cost.cache_savings import CacheSavings

# 3,000 of 3,600 rows are in the train split; 6 students read them 30 times.
USED = CacheSavings(bytes_on_disk=9000, rows=3600, seconds_per_inference=0.5, read=540_000)


def test_what_was_paid_is_each_row_once() -> None:
    assert USED.paid_seconds == 1800
    assert USED.bytes_per_row == 2.5


def test_a_live_teacher_answers_as_often_as_students_read() -> None:
    assert USED.live_seconds == 270_000
    assert USED.saved_hours == 75 - 0.5


@pytest.mark.parametrize(("read", "hours"), [(3600, 0), (0, -0.5), (7200, 0.5)])
def test_what_is_hardly_read_saves_nothing(read: int, hours: float) -> None:
    assert CacheSavings(1, 3600, 0.5, read).saved_hours == hours


def test_numbers_are_those_above_by_name() -> None:
    assert USED.numbers() == {
        "bytes": 9000,
        "rows": 3600,
        "bytes_per_row": 2.5,
        "read": 540_000,
        "paid_seconds": 1800,
        "live_seconds": 270_000,
        "saved_hours": 74.5,
    }


@pytest.mark.parametrize(
    "changes",
    [{"rows": 0}, {"seconds_per_inference": -1.0}, {"read": -1}, {"bytes_on_disk": -1}],
)
def test_what_cannot_have_been_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="cannot be"):
        replace(USED, **changes)
