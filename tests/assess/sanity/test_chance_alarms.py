"""Alarms about chance, as `verify` reads them: which teachers need not agree with the labels."""

import pytest

from stillroom.assess.sanity.alarm import Alarm
from stillroom.assess.sanity.chance_alarms import teachers_at_chance


def an_alarm(code: str, teacher: int | None = None) -> Alarm:
    return Alarm(code, "It is so.", "Change it.", teacher)


@pytest.mark.parametrize(
    ("alarms", "expected"),
    [
        ([], set()),
        ([an_alarm("teacher_at_chance", 1)], {0}),
        ([an_alarm("teacher_below_chance", 2), an_alarm("teacher_below_chance", 2)], {1}),
        ([an_alarm("class_without_rows"), an_alarm("few_common_words")], set()),
        ([an_alarm("unknown_tokens", 1), an_alarm("teacher_at_chance", 3)], {2}),
        ([an_alarm("student_at_chance")], set()),
        ([an_alarm("teacher_at_chance")], set()),  # of a document from before the number
    ],
)
def test_only_teachers_at_chance_are_named_and_only_with_a_warning(
    alarms: list[Alarm], expected: set[int]
) -> None:
    assert teachers_at_chance(alarms, "warn") == expected
    assert teachers_at_chance(alarms, "stop") == set()
