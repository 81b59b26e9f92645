"""Row origins: names of places, and one sentence for many rows."""

from stillroom.data.chat.row_origin import RowNotices, RowOrigin
from stillroom.data.notices import Notice


def test_a_place_names_file_row_and_turn() -> None:
    origin = RowOrigin("a.jsonl", 3, RowNotices("a.jsonl"))
    assert str(origin) == "a.jsonl, row 3"
    assert str(origin.at_turn(0)) == "a.jsonl, row 3, turn 0"
    assert str(origin.at_turn(2).error("no.")) == "a.jsonl, row 3, turn 2: no."


def test_equal_cases_become_one_sentence() -> None:
    notices = RowNotices("a.jsonl")
    for row in (4, 5, 6):
        RowOrigin("a.jsonl", row, notices).at_turn(1).say("converted", "texts are joined")
    RowOrigin("a.jsonl", 9, notices).say("left_out", "texts are joined")
    assert list(notices.notices()) == [
        Notice("converted", "a.jsonl: texts are joined: 3 times, first in row 4."),
        Notice("left_out", "a.jsonl: texts are joined: 1 time, first in row 9."),
    ]


def test_names_from_outside_are_few_short_and_printable() -> None:
    notices = RowNotices("a.jsonl")
    origin = RowOrigin("a.jsonl", 0, notices)
    for name in ["b", "a\x1b[2J", "x" * 1000, "b", *map(str, range(10_000))]:
        origin.say("left_out", "keys are not read", name)
    (notice,) = notices.notices()
    assert notice.text == (
        f"a.jsonl: keys are not read (b, a\N{REPLACEMENT CHARACTER}[2J, {'x' * 40}, …): "
        "10,004 times, first in row 0."
    )
    assert len(notices.seen["left_out", "keys are not read"].names) == 4
