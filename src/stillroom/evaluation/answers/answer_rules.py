"""The rules by name: `evaluate.answers` in, the rule that it names out."""

from collections.abc import Mapping

from stillroom.config.schema import Answers
from stillroom.evaluation.answers.answer_rule import AnswerRule
from stillroom.evaluation.answers.rules.choice import Choice
from stillroom.evaluation.answers.rules.json_schema import JsonSchema
from stillroom.evaluation.answers.rules.number import Number
from stillroom.evaluation.answers.rules.text_rules import Contains, Exact

# The names are those that the schema of the configuration allows.
RULES: Mapping[str, type[AnswerRule]] = {
    "exact": Exact,
    "number": Number,
    "choice": Choice,
    "contains": Contains,
    "json_schema": JsonSchema,
}


def answer_rule(options: Answers) -> AnswerRule:
    """Return the rule that `evaluate.answers` names, with its options."""
    return RULES[options.rule].of(options)
