"""Notices: sentences by kind."""

from stillroom.data.notices import Notice, counted, some, texts_by_kind


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


def test_counts_and_names_are_short() -> None:
    assert [counted(n, "image") for n in (0, 1, 2000)] == ["0 images", "1 image", "2,000 images"]
    assert some(["a", "b", "c"]) == "a, b, c"
    assert some(["a", "b", "c", "d"]) == "a, b, c, …"
