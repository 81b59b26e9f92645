"""Help phrasings: each kind has several ways to be asked and answered."""

import string

import pytest

from stillroom.data.chat.help.help_phrasings import PHRASINGS, TOPIC_PHRASINGS, Phrasing

ALL = {**PHRASINGS, **TOPIC_PHRASINGS}


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("phrasing", ALL.values(), ids=ALL)
def test_there_are_several_ways_and_no_two_are_equal(phrasing: Phrasing) -> None:
    assert len(phrasing.asked) >= 3
    assert len(phrasing.said) >= 3
    texts = (*phrasing.asked, *phrasing.followed, *phrasing.said)
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize("kind", ALL)
def test_a_question_names_its_subject_and_an_answer_holds_the_answer(kind: str) -> None:
    subject = {"module": "short", "topic": "title"}.get(kind, "name")
    assert all(subject in names(text) for text in ALL[kind].asked)
    assert not any(subject in names(text) for text in ALL[kind].followed)
    assert all("answer" in names(text) for text in ALL[kind].said)
    assert not any("answer" in names(text) for text in (*ALL[kind].asked, *ALL[kind].followed))
