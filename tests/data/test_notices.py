"""Notices: sentences by kind."""

from stillroom.data.notices import Notice, texts_by_kind


def test_sentences_keep_their_order_within_their_kind_and_stand_once() -> None:
    notices = [
        Notice("left_out", "2 files of .gif"),
        Notice("guessed", "the delimiter is ;"),
        Notice("left_out", "1 folder"),
        Notice("left_out", "2 files of .gif"),
    ]
    assert texts_by_kind(notices) == {
        "left_out": ["2 files of .gif", "1 folder"],
        "guessed": ["the delimiter is ;"],
    }
    assert texts_by_kind([]) == {}
