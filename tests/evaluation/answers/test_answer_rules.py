"""The rules by name."""

from typing import Any, get_args

import pytest

from stillroom.config.schema import Answers
from stillroom.evaluation.answers.answer_rules import RULES, answer_rule


@pytest.mark.parametrize(
    ("name", "answer", "reference"),
    [
        ("exact", "7", "7"),
        ("number", "seven: 7", "7.0"),
        ("choice", "B.", "(B)"),
        ("contains", "It is 7", "7"),
        ("json_schema", "7", "anything"),
    ],
)
def test_each_name_is_a_rule_that_says_what_is_right(
    name: Any, answer: str, reference: str
) -> None:
    rule = answer_rule(Answers(rule=name, choices=["A", "B"], schema={"type": "integer"}))
    assert rule.are_right([answer], rule.all_expected([reference])) == [True]
    assert rule.words


def test_the_configuration_allows_each_rule_and_no_other() -> None:
    assert set(get_args(Answers.__annotations__["rule"])) == RULES.keys()
