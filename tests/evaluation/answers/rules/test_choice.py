"""The first label of a text."""

import pytest

from stillroom.config.schema import Answers
from stillroom.evaluation.answers.rules.choice import Choice, first_label

LETTERS = ("A", "B", "C", "D", "I")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("B", "B"),
        ("(B) Paris", "B"),
        ("**C**: because", "C"),
        ("The answer is D.", "D"),
        ("A good guess is B.", "B"),
        ("A is right, B is not", "A"),
        ("A", "A"),
        ("I think it is C", "C"),
        ("Aha, D", "D"),
        ("b", None),
        ("None of them", None),
        ("", None),
    ],
)
def test_the_first_letter_that_stands_alone_counts(text: str, label: str | None) -> None:
    assert first_label(text, LETTERS) == label


def test_longer_labels_count_in_any_case_and_the_longest_at_one_place() -> None:
    labels = ("yes", "no", "no answer")
    assert first_label("Yes, no doubt", labels) == "yes"
    assert first_label("NO ANSWER", labels) == "no answer"
    assert first_label("nothing, yesterday", labels) is None


def test_an_answer_is_right_if_its_first_label_is_that_of_the_reference() -> None:
    rule = Choice.of(Answers(rule="choice", choices=["A", "B"]))
    assert rule.expected("B) Paris") == "B"
    assert rule.expected("Paris") is None
    assert rule.are_right(["It is B", "A", "C"], ["B", "B", "B"]) == [True, False, False]
