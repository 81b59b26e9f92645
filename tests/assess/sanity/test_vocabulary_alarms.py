"""Words of held-out texts that training texts do not have."""

import numpy as np
import pytest

from stillroom.assess.sanity.vocabulary_alarms import few_common_words, unknown_tokens

TRAIN = [["the", "cat", str(number)] for number in range(30)]


def held_out(known: int) -> list[list[str]]:
    """Return 40 texts of 5 words, of which `known` in all occur in train."""
    words = ["cat"] * known + [f"x{number}" for number in range(200 - known)]
    return [words[start : start + 5] for start in range(0, 200, 5)]


@pytest.mark.parametrize(("known", "count"), [(20, 1), (21, 0), (200, 0), (0, 1)])
def test_a_tenth_of_the_words_must_be_known(known: int, count: int) -> None:
    assert len(list(few_common_words(TRAIN, {"test": held_out(known)}, "words"))) == count


def test_the_split_and_the_shares_are_named() -> None:
    splits = {"validation": held_out(100), "test": held_out(4)}
    (alarm,) = few_common_words(TRAIN, splits, "words")
    assert alarm.code == "few_common_words"
    assert alarm.text == ("Of the 200 words in 40 texts of test, 2.0% occur in 30 training texts.")


def test_few_texts_are_not_judged() -> None:
    assert list(few_common_words(TRAIN[:29], {"test": held_out(0)}, "words")) == []
    assert list(few_common_words(TRAIN, {"test": held_out(0)[:29]}, "words")) == []


def test_texts_without_any_word_have_none_in_common() -> None:
    (alarm,) = few_common_words(TRAIN, {"test": [[]] * 30}, "words")
    assert "none occur" in alarm.text


def test_more_than_half_of_the_tokens_unknown_is_an_alarm() -> None:
    tokens = np.array([0, 0, 5, 6])
    assert list(unknown_tokens(tokens, 0, "it")) == []
    assert list(unknown_tokens(np.zeros(9, int), None, "it")) == []
    (alarm,) = unknown_tokens(np.append(tokens, 0), 0, "the tokenizer of the teacher")
    assert alarm.text == (
        "3 of 5 tokens of the examples (60.0%) are unknown to the tokenizer of the teacher."
    )
