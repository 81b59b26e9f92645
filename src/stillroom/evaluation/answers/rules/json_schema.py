"""The rule of JSON: the answer is JSON that a schema allows.

    references ──json, check of schemas, in a bounded process──> schemas
    answer, without a code fence ──json──> value ──jsonschema, in a bounded process──> is it right?

The schema is `evaluate.answers.schema`, or the reference of the row. A pattern in a schema can take
hours, and so can a long `enum`, whose values are compared pair by pair. So all references, and then
all answers, are checked in a process with a bound on time. References to other documents are not
fetched.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stillroom.config.checks.answer_checks import schema_error
from stillroom.config.schema import Answers
from stillroom.errors import DataError
from stillroom.evaluation.answers.answer_rule import AnswerRule

LARGEST = 2**20  # characters of a reference
# A schema of ten properties takes 8 ms; the bound on time grows with the number of references.
SECONDS, SECONDS_EACH = 60.0, 0.05
REMEDY = (
    "Give simpler schemas, or one for all answers with evaluate.answers.schema, or set "
    "evaluate.answers=null."
)
_FENCE = re.compile(r"\A\s*```(?:json)?[^\S\n]*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JsonSchema(AnswerRule):
    """The answer is JSON that fits the schema.

    Attributes:
        schema: for all answers; None: the reference of each prompt is its schema.
    """

    schema: dict[str, Any] | None = None

    words = "the answer, without a code fence around it, is JSON that the schema allows"

    @classmethod
    def of(cls, options: Answers) -> "JsonSchema":
        """Return the rule for `evaluate.answers.schema`."""
        return cls(options.schema)

    def expected(self, reference: str) -> dict[str, Any] | None:
        """Return the schema; None if the reference should be one and is not.

        Raises:
            DataError: as `all_expected`.
        """
        (one,) = self.all_expected([reference])
        return one

    def all_expected(self, references: Sequence[str]) -> list[dict[str, Any] | None]:
        """Return the schema of each reference; None where it should be one and is not.

        Raises:
            DataError: a reference is too large, or they take too long.
        """
        from stillroom.io.bounded_worker import Bounds, run_bounded

        if self.schema is not None:
            return [self.schema] * len(references)
        texts = list(dict.fromkeys(references))
        _require_small(texts)
        bounds = Bounds(seconds=SECONDS + SECONDS_EACH * len(texts))
        subject = f"The JSON schemas of the references ({len(texts):,} different)"
        found = run_bounded(are_schemas, texts, subject=subject, remedy=REMEDY, bounds=bounds)
        schemas = {
            text: _json_object(text) for text, is_one in zip(texts, found, strict=True) if is_one
        }
        return [schemas.get(one) for one in references]

    def is_right(self, answer: str, expected: dict[str, Any]) -> bool:
        """Tell whether the schema allows an answer."""
        (right,) = self.are_right([answer], [expected])
        return right

    def are_right(self, answers: Sequence[str], expected: Sequence[dict[str, Any]]) -> list[bool]:
        """Tell of each answer whether its schema allows it.

        Raises:
            DataError: the schemas take too long, or refer to other documents.
        """
        from stillroom.io.bounded_worker import run_bounded

        subject = "The JSON schema of evaluate.answers, or of data.columns.reference,"
        right: list[bool] = run_bounded(
            fit, list(answers), list(expected), subject=subject, remedy=REMEDY
        )
        return right


def are_schemas(texts: list[str]) -> list[bool]:
    """Tell of each text whether it is a JSON schema; runs in a bounded process."""
    values = map(_json_object, texts)
    return [value is not None and schema_error(value) is None for value in values]


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _require_small(texts: Sequence[str]) -> None:
    largest = max(texts, key=len, default="")
    if len(largest) > LARGEST:
        raise DataError(
            f"A reference that should be a JSON schema has {len(largest):,} characters; at most "
            f"{LARGEST:,} are read. It begins with {largest[:40]!a}. {REMEDY}"
        )


def fit(answers: list[str], schemas: list[dict[str, Any]]) -> list[bool]:
    """Tell of each answer whether it is JSON that its schema allows; runs in a bounded process.

    Raises:
        DataError: a schema refers to another document.
    """
    return [_fits(answer, schema) for answer, schema in zip(answers, schemas, strict=True)]


def _fits(answer: str, schema: dict[str, Any]) -> bool:
    from jsonschema.validators import validator_for
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import EMPTY_REGISTRY

    fenced = _FENCE.match(answer)
    try:
        value = json.loads(fenced[1] if fenced else answer, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return False
    try:
        # Without a registry of its own, jsonschema would fetch references from the network.
        return bool(validator_for(schema)(schema, registry=EMPTY_REGISTRY).is_valid(value))
    except RecursionError:
        return False
    except Unresolvable as error:
        raise DataError(
            f"A JSON schema refers to {str(error.ref)[:80]!a}, which is not in it. Nothing is "
            "fetched: write what it refers to into the schema."
        ) from error


def _no_constant(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity are no JSON
