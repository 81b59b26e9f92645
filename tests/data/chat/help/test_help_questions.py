"""Help questions: answers against a table by hand."""

from random import Random

import pytest

from stillroom.data.chat.help.help_questions import Question, ask, kinds_of, listed
from stillroom.data.chat.help.library_facts import (
    CallableFacts,
    LibraryFacts,
    ParameterFacts,
    TopicFacts,
)

WRAP = CallableFacts(
    module="textwrap",
    name="textwrap.wrap",
    parameters=(
        ParameterFacts("text", None, by_keyword=False),
        ParameterFacts("width", "70", by_keyword=False),
        ParameterFacts("sep", "' '", by_keyword=True),
    ),
    signature="wrap(text, width=70, *, sep=' ')",
    sentence="Wrap a single paragraph of text.",
)
COPY = CallableFacts(
    module="copy",
    name="copy.copy",
    parameters=(ParameterFacts("x", None, by_keyword=False),),
    signature="copy(x)",
    sentence="Shallow copy operation on arbitrary objects.",
)
TOPIC = TopicFacts("if", 'The "if" statement', "It is used for conditional execution.")
FACTS = LibraryFacts((COPY, WRAP), (TOPIC,))


Subject = CallableFacts | TopicFacts


def questions(kind: str, subject: Subject, *, again: bool = False) -> list[Question]:
    """Return the question that each of 60 seeds gives."""
    drawn = (ask(kind, subject, FACTS, Random(seed), again=again) for seed in range(60))
    return [one for one in drawn if one is not None]


@pytest.mark.parametrize(
    ("kind", "wrap", "copy"),
    [
        ("count", {"3"}, {"1"}),
        ("default", {"70", "' '"}, set()),
        ("has", {"Yes", "No"}, {"Yes", "No"}),
        ("module", {"textwrap"}, {"copy"}),
        ("summary", {WRAP.sentence}, {COPY.sentence}),
        ("required", {"text"}, {"x"}),
        ("optional", {"2"}, {"0"}),
        ("place", {"text", "width", "sep"}, {"x"}),
        ("by_keyword", {"sep"}, {"none"}),
        ("signature", {WRAP.signature}, {COPY.signature}),
        ("more", {"textwrap.wrap"}, {"textwrap.wrap"}),
    ],
)
def test_the_answer_follows_from_the_facts(kind: str, wrap: set[str], copy: set[str]) -> None:
    assert {one.answer for one in questions(kind, WRAP)} == wrap
    assert {one.answer for one in questions(kind, COPY)} == copy


@pytest.mark.parametrize(
    ("kind", "answer", "tool"),
    [
        ("title", 'The "if" statement', "topic"),
        ("topic", "if", None),
        ("sentence", "It is used for conditional execution.", "topic"),
    ],
)
def test_topics_are_asked_about_both_ways(kind: str, answer: str, tool: str | None) -> None:
    assert {(one.answer, one.tool) for one in questions(kind, TOPIC)} == {(answer, tool)}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("subject", [WRAP, COPY, TOPIC], ids=lambda one: one.name)
def test_a_sentence_contains_its_answer_and_no_gap_is_left(subject: Subject, again: bool) -> None:
    for kind in kinds_of(subject):
        for one in questions(kind, subject, again=again):
            assert one.answer in one.said
            assert not set("{}") & set(one.asked + one.said)


def test_a_default_is_that_of_the_parameter_in_the_question() -> None:
    for one in questions("default", WRAP):
        assert one.answer == ("70" if "width" in one.asked else "' '")


def test_a_parameter_that_is_asked_for_is_there_or_not() -> None:
    for one in questions("has", WRAP):
        words = one.asked.replace("?", "").replace("textwrap.wrap", "").split()
        named = next(word for word in words if word in ("text", "width", "sep", "x"))
        assert one.answer == ("No" if named == "x" else "Yes")


def test_a_place_is_counted_from_the_first() -> None:
    places = {"first": "text", "second": "width", "third": "sep"}
    for one in questions("place", WRAP):
        assert one.answer == next(name for word, name in places.items() if word in one.asked)


def test_two_names_are_looked_up_to_compare_them() -> None:
    assert {one.subjects for one in questions("more", COPY)} == {("copy.copy", "textwrap.wrap")}


@pytest.mark.parametrize(
    ("names", "text"),
    [([], "none"), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_names_are_listed(names: list[str], text: str) -> None:
    assert listed(names) == text
