"""Exact and contained answers."""

import pytest

from stillroom.evaluation.answers.answer_rule import AnswerRule
from stillroom.evaluation.answers.rules.text_rules import Contains, Exact


def right(rule: AnswerRule, answer: str, reference: str) -> bool:
    expected = rule.expected(reference)
    assert expected is not None
    return rule.is_right(answer, expected)


@pytest.mark.parametrize(
    ("answer", "reference", "exact", "contained"),
    [
        ("Paris", "paris", True, True),
        (" Paris \n", "Paris", True, True),
        ("New\n York", "new york", True, True),
        ("STRASSE", "Straße", True, True),
        ("cafe\u0301", "caf\u00e9", True, True),
        ("Paris.", "Paris", False, True),
        ("It is Paris, I think.", "Paris", False, True),
        ("There are 70.", "7", False, False),
        ("There are 7.5", "7", False, True),
        ("parisian", "Paris", False, False),
        ("The default is None.", "none", False, True),
        ("(key=None)", "key=None", False, True),
        ("", "Paris", False, False),
    ],
)
def test_what_is_right(answer: str, reference: str, exact: bool, contained: bool) -> None:
    assert right(Exact(), answer, reference) is exact
    assert right(Contains(), answer, reference) is contained


def test_an_empty_reference_cannot_be_checked() -> None:
    assert Exact().expected(" \n") is None
    assert Contains().expected("") is None
