"""Packing: pieces and packs worked out by hand; new documents leave old packs unchanged."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillroom.data.text.packing import EncodedText, Pack, Packer, SequenceFormat
from stillroom.data.text.tokenizer import Encoding

END = 99


def spelled(text: str) -> Encoding:
    """Return a text whose tokens are its characters."""
    places = np.arange(len(text), dtype=np.int64)
    return Encoding(np.array([ord(c) % 90 for c in text], np.int32), places, places + 1)


def packed(form: SequenceFormat, *texts: str) -> list[Pack]:
    packer = Packer(form)
    packs = [pack for text in texts for pack in packer.add(EncodedText(text, spelled(text)))]
    return [*packs, *packer.flush()]


def contents(packs: list[Pack]) -> list[tuple[list[int], list[int]]]:
    return [(pack.tokens.tolist(), pack.starts.tolist()) for pack in packs]


A, B, C, D, E = (ord(c) % 90 for c in "abcde")


def test_documents_follow_each_other_and_end() -> None:
    packs = packed(SequenceFormat(8, end=(END,)), "ab", "cde")
    assert contents(packs) == [([A, B, END, C, D, E, END], [0, 3])]
    # The labels are b and the end of the first text, d, e and the end of the second.
    assert packs[0].labels == 5
    assert packs[0].text_bytes == 1 + 2


def test_a_document_that_does_not_fit_goes_on_in_the_next_pack() -> None:
    packs = packed(SequenceFormat(4, end=(END,)), "abcde")
    assert contents(packs) == [([A, B, C, D], [0]), ([E, END], [0])]
    # e begins a new piece: nothing stands before it, so it is nowhere a label.
    assert [pack.text_bytes for pack in packs] == [3, 0]
    assert [pack.labels for pack in packs] == [3, 1]


def test_no_piece_begins_where_there_is_room_for_one_token_alone() -> None:
    packs = packed(SequenceFormat(4, end=(END,)), "ab", "cd")
    assert contents(packs) == [([A, B, END], [0]), ([C, D, END], [0])]


def test_each_piece_has_what_stands_before_and_after_a_text() -> None:
    packs = packed(SequenceFormat(5, before=(98,), after=(8,)), "abcd")
    assert contents(packs) == [([98, A, B, C, 8], [0]), ([98, D, 8], [0])]
    # With a token before it, the first one is a label, too.
    assert [pack.text_bytes for pack in packs] == [3, 1]


def test_pieces_that_are_not_apart_are_one() -> None:
    packs = packed(SequenceFormat(8, end=(END,), is_apart=False), "ab", "cd")
    assert contents(packs) == [([A, B, END, C, D, END], [0])]
    assert packs[0].labels == 5


def test_a_text_without_a_label_is_no_pack() -> None:
    assert packed(SequenceFormat(8), "a") == []


def test_bytes_are_those_of_utf_8() -> None:
    # Two bytes, three, four; the first token is no label.
    assert packed(SequenceFormat(8, end=(END,)), "éह🙂")[0].text_bytes == 3 + 4


def test_a_pack_is_named_by_its_tokens_its_pieces_and_its_tokenizer() -> None:
    (one,) = packed(SequenceFormat(8, end=(END,)), "ab", "cd")
    (joined,) = packed(SequenceFormat(8, end=(END,), is_apart=False), "ab", "cd")
    assert one.tokens.tolist() == joined.tokens.tolist()
    assert len({one.key("x"), joined.key("x"), one.key("y")}) == 3
    assert len(one.key("x")) == 16


texts = st.lists(st.text("abcdefgh", min_size=1, max_size=30), min_size=1, max_size=12)


@given(texts, st.integers(4, 16), st.sampled_from([(), (98,)]))
@settings(max_examples=80)
def test_every_token_stands_in_one_pack_and_none_is_too_long(
    documents: list[str], length: int, before: tuple[int, ...]
) -> None:
    form = SequenceFormat(length, before=before, end=(END,))
    packs = packed(form, *documents)
    tokens = [token for pack in packs for token in pack.tokens.tolist() if token != 98]
    expected = [token for text in documents for token in [*spelled(text).ids.tolist(), END]]
    if before:  # then even the token of a piece of one is a label
        assert tokens == expected
    else:
        missing = len(expected) - len(tokens)
        assert 0 <= missing <= 1  # a last token that stands alone in a pack
    assert max(len(pack.tokens) for pack in packs) <= length
    for pack in packs:
        assert pack.starts[0] == 0
        assert (np.diff(pack.starts) > 0).all()


@given(texts, texts)
@settings(max_examples=50)
def test_more_documents_leave_all_packs_but_the_last(old: list[str], new: list[str]) -> None:
    form = SequenceFormat(10, before=(98,), end=(END,))
    before, after = contents(packed(form, *old)), contents(packed(form, *old, *new))
    assert after[: len(before) - 1] == before[:-1]


@pytest.mark.parametrize("length", [4, 5])
def test_a_document_of_one_token_longer_than_the_pack_ends_in_the_next(length: int) -> None:
    text = "abcdefgh"[:length]
    *_, last = packed(SequenceFormat(length, before=(98,), end=(END,)), text)
    assert last.tokens.tolist()[-1] == END


def test_what_is_learnt_belongs_to_the_key_and_no_mark_leaves_it_as_it_was() -> None:
    tokens, starts = np.array([A, B, C], np.int32), np.array([0], np.int32)
    keys = {
        Pack(tokens, starts, 0, 0, learnt).key("t")
        for learnt in (None, np.array([False, True, True]), np.array([True, True, True]))
    }
    assert len(keys) == 3
