"""Packed turns: the turn of each label, and the prompt of each last answer, by hand."""

from typing import Any

import polars as pl

from stillroom.data.chat.packed_turns import LastAnswer, label_turns, last_answers

SCHEMA: dict[str, Any] = {
    "tokens": pl.List(pl.Int32),
    "starts": pl.List(pl.Int32),
    "learnt": pl.List(pl.Boolean),
    "turn_ends": pl.List(pl.Int32),
    "references": pl.List(pl.String),
}


def packs(*rows: tuple[list[int], str, list[int], list[str | None]]) -> pl.DataFrame:
    """Return packs; `x` is learnt, `.` is not."""
    return pl.DataFrame(
        [
            {
                "tokens": list(range(10, 10 + len(marks))),
                "starts": starts,
                "learnt": [mark == "x" for mark in marks],
                "turn_ends": ends,
                "references": references,
            }
            for starts, marks, ends, references in rows
        ],
        schema=SCHEMA,
    )


def test_turns_are_counted_from_one_in_each_conversation() -> None:
    frame = packs(
        ([0, 7], "..xx.xx.x", [4, 7, 9], [None, None]),
        ([0], ".x.xx.xxx", [2, 5, 9], [None]),
    )
    assert [turns.tolist() for turns in label_turns(frame)] == [
        [1, 1, 2, 2, 1],
        [1, 2, 2, 3, 3, 3],
    ]


def test_a_turn_may_have_a_gap_and_two_may_touch() -> None:
    frame = packs(([0], ".xx.xxxx", [6, 8], [None]))  # the first turn: 1, 2, 4, 5
    assert label_turns(frame)[0].tolist() == [1, 1, 1, 1, 2, 2]
    assert list(last_answers(frame)) == [LastAnswer((10, 11, 12, 13, 14, 15), (16, 17), None)]


def test_the_first_token_of_a_conversation_is_no_label() -> None:
    frame = packs(([0, 3], "xx.xx.", [2, 5], [None, None]))
    assert label_turns(frame)[0].tolist() == [1, 1]
    # A conversation that begins with its last answer has no prompt.
    assert list(last_answers(frame)) == []


def test_the_last_answer_of_each_conversation_has_all_before_it_for_a_prompt() -> None:
    frame = packs(([0, 7], "..xx.xx..x", [4, 7, 10], ["7", None]), ([0], ".x.", [2], ["no"]))
    assert list(last_answers(frame)) == [
        LastAnswer((10, 11, 12, 13, 14), (15, 16), "7"),
        LastAnswer((17, 18), (19,), None),
        LastAnswer((10,), (11,), "no"),
    ]
