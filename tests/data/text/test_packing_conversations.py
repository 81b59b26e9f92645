"""Packing of conversations: whole ones side by side, cut at a turn, worked out by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from stillroom.data.chat.learnt_tokens import Rendered
from stillroom.data.text.packing import Pack
from stillroom.data.text.packing_conversations import ConversationPacker


def conversation(first: int, learnt: str) -> Rendered:
    """Return ids from `first` on; `x` is learnt, `.` is not, and a run of `x` is a turn."""
    marks = np.array([sign == "x" for sign in learnt])
    ends = tuple(
        at + 1
        for at in range(len(marks))
        if marks[at] and (at + 1 == len(marks) or not marks[at + 1])
    )
    ids = np.arange(first, first + len(learnt), dtype=np.int32)
    return Rendered(ids=ids, learnt=marks, ends=ends, is_dated=False)


def packed(length: int, *conversations: Rendered) -> tuple[list[Pack], ConversationPacker]:
    packer = ConversationPacker(length, lambda ids: 10 * len(ids))
    packs = [pack for one in conversations for pack in packer.add(one)]
    return [*packs, *packer.flush()], packer


def tokens(packs: Sequence[Pack]) -> list[list[int]]:
    return [pack.tokens.tolist() for pack in packs]


def test_whole_conversations_stand_side_by_side_and_none_continues() -> None:
    packs, packer = packed(
        8, conversation(10, "..xx"), conversation(20, ".xx"), conversation(30, ".x")
    )
    assert tokens(packs) == [[10, 11, 12, 13, 20, 21, 22], [30, 31]]
    assert packs[0].starts.tolist() == [0, 4]
    assert packs[0].learnt is not None
    assert packs[0].learnt.tolist() == [False, False, True, True, False, True, True]
    assert packs[0].turn_ends is not None
    assert packs[0].turn_ends.tolist() == [4, 7]
    assert (packs[0].labels, packs[0].text_bytes) == (4, 40)
    assert (packer.cut, packer.left_out) == (0, 0)


def test_the_first_token_of_a_conversation_follows_nothing() -> None:
    packs, _ = packed(8, conversation(10, "xx.x"))
    assert packs[0].labels == 2


@pytest.mark.parametrize(
    ("length", "kept", "cut", "left_out"),
    [
        (9, [10, 11, 12, 13, 14, 15, 16, 17, 18], 0, 0),
        (8, [10, 11, 12, 13, 14], 1, 0),  # the second turn ends with the eighth token, at 18
        (5, [10, 11, 12, 13, 14], 1, 0),
        (4, [10, 11], 1, 0),
        (1, None, 0, 1),
    ],
)
def test_a_long_one_ends_with_the_last_learnt_turn_that_fits(
    length: int, kept: list[int] | None, cut: int, left_out: int
) -> None:
    packs, packer = packed(length, conversation(10, ".x..x...x"))
    assert tokens(packs) == ([] if kept is None else [kept])
    assert (packer.cut, packer.left_out) == (cut, left_out)


def test_one_that_is_left_out_does_not_close_the_pack() -> None:
    packs, _ = packed(4, conversation(10, ".x"), conversation(20, ".....x"), conversation(30, ".x"))
    assert tokens(packs) == [[10, 11, 30, 31]]


def test_the_reference_of_a_turn_that_is_cut_off_is_left_out() -> None:
    first, second = conversation(10, ".xx.x"), conversation(20, ".x")
    packs, _ = packed(9, replace(first, reference="7"), replace(second, reference=None))
    assert packs[0].references == ("7", None)
    packs, _ = packed(4, replace(first, reference="7"))
    assert packs[0].references == (None,)
    assert packs[0].turn_ends is not None
    assert packs[0].turn_ends.tolist() == [3]
