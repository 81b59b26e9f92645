"""Checks of `evaluate.answers`: what each rule needs, before anything is trained."""

import json
from collections.abc import Mapping
from typing import Any

from stillroom.errors import ConfigError, DataError
from stillroom.io.bounded_worker import Bounds, run_bounded

SCHEMA_SECONDS = 60.0  # a long enum takes the square of its length
CHOICE, JSON_SCHEMA = "choice", "json_schema"


def check_answers(answers: Mapping[str, Any] | None, gives: str, conversations: str) -> None:
    """Check the options of the rule that answers are checked by.

    Args:
        answers: the section `evaluate.answers`; None: no answers are checked.
        gives: what the data source gives.
        conversations: what it must give.

    Raises:
        ConfigError: names the key, and what to set it to.
    """
    if answers is None:
        return
    if gives != conversations:
        raise ConfigError(
            f"evaluate.answers is set, but data.source gives {gives.replace('_', ' ')}: only "
            "answers in conversations can be checked. Set evaluate.answers=null."
        )
    if answers["rule"] == CHOICE:
        _check_choices(answers.get("choices"))
    if answers["rule"] == JSON_SCHEMA:
        _check_schema(answers.get("schema"))


def _check_choices(labels: list[str] | None) -> None:
    """Refuse labels that cannot be told apart; only single letters differ by their case."""
    distinct = {one if len(one) == 1 else " ".join(one.casefold().split()) for one in labels or ()}
    if labels is None or len(labels) < 2 or len(distinct) < len(labels):
        raise ConfigError(
            f"evaluate.answers.rule is choice, but evaluate.answers.choices is {labels}. Set it to "
            "at least two different labels, such as [A, B, C, D]."
        )


def _check_schema(schema: dict[str, Any] | None) -> None:
    if schema is not None and (reason := _bounded_error(schema)):
        raise ConfigError(f"evaluate.answers.schema is no JSON schema: {reason}. Correct it.")


def _bounded_error(schema: dict[str, Any]) -> str | None:
    """Return why a value is no JSON schema, from a process with a bound on time."""
    remedy = "Give a simpler schema, or set evaluate.answers=null."
    try:
        json.dumps(schema)
        reason: str | None = run_bounded(
            schema_error,
            schema,
            subject="evaluate.answers.schema",
            remedy=remedy,
            bounds=Bounds(seconds=SCHEMA_SECONDS),
        )
    except DataError as error:
        raise ConfigError(str(error)) from error
    except (TypeError, ValueError, RecursionError) as error:  # a date of YAML, or a loop
        return str(error)[:200]
    return reason


def schema_error(schema: dict[str, Any]) -> str | None:
    """Return why a value is no JSON schema; None if it is one."""
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        return error.message[:200]
    except RecursionError:
        return "it is nested too deeply"
    except (AttributeError, OverflowError, TypeError, ValueError) as error:
        return str(error)[:200]  # of a $schema that is no address, or a pattern beyond re's bounds
    return None
