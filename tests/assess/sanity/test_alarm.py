"""Alarms as documents and as a stop."""

import pytest

from stillroom.assess.sanity.alarm import (
    Alarm,
    from_json,
    known_alarms,
    require_none,
    sentences,
    to_json,
)
from stillroom.errors import DataError, SanityError

TWO = (Alarm("a", "It is so.", "Change it."), Alarm("b", "And so.", "Change that."))


def test_a_document_is_read_as_it_was_written() -> None:
    assert from_json(to_json(TWO)) == TWO
    assert from_json([]) == ()
    assert sentences(to_json(TWO)) == ("Alarm: It is so. Change it.", "Alarm: And so. Change that.")


@pytest.mark.parametrize("document", [None, {}, [{"code": "a"}], [{"code": 1, "text": "", "x": 2}]])
def test_another_document_is_refused(document: object) -> None:
    with pytest.raises(DataError, match=r"the alarms: .* malformed"):
        from_json(document)


def test_a_stop_has_a_line_for_each_alarm_and_says_how_to_go_on() -> None:
    with pytest.raises(SanityError) as stopped:
        require_none(TWO, "stop")
    first, second, way = str(stopped.value).splitlines()
    assert (first, second) == sentences(to_json(TWO))
    assert "evaluate.sanity=warn" in way


def test_without_an_alarm_or_with_a_warning_the_run_goes_on() -> None:
    require_none((), "stop")
    require_none(TWO, "warn")


def test_an_alarm_of_several_documents_is_known_once() -> None:
    first, second = to_json(TWO)
    assert known_alarms() == ()
    assert known_alarms([first], [first, second]) == TWO
    assert known_alarms([], [second], [first]) == TWO[::-1]
    assert known_alarms([first], []) == TWO[:1]  # ingest ran again, capture did not
