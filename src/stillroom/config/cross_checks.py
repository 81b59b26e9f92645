"""Check the composed parameters: each section against its type, then sections against each other.

The first value that is wrong becomes an error of one line.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from stillroom.config.checks.adapter_checks import check_adapter
from stillroom.config.checks.answer_checks import check_answers
from stillroom.config.checks.architecture_checks import check_architectures
from stillroom.config.checks.export_checks import check_export
from stillroom.config.checks.objective_checks import check_objective, check_terms
from stillroom.config.checks.section_checks import check_sections
from stillroom.config.checks.source_checks import (
    CONVERSATIONS,
    OF_TOKENS,
    check_conversations,
    check_running_text,
    inputs_of,
    source_kind,
)
from stillroom.config.checks.sparsifier_checks import check_ensemble, sparsifier_request
from stillroom.config.checks.teacher_checks import check_teachers
from stillroom.config.checks.trainer_checks import check_batch_tokens, check_trainer
from stillroom.config.schema import SECTIONS
from stillroom.config.value_errors import first_error
from stillroom.errors import ConfigError, nearest


def check(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Check every section against its type.

    Raises:
        ConfigError: a section is missing or unknown, or a value is not allowed.
    """
    for name in parameters:
        if name not in SECTIONS:
            raise ConfigError(f"{name} is not a parameter.{nearest(name, list(SECTIONS))}")
    for name in SECTIONS:
        check_section(parameters, name)
    _check_together(parameters)
    return dict(parameters)


def check_section(parameters: Mapping[str, Any], name: str) -> None:
    """Check one section against its type.

    Raises:
        ConfigError: the section is missing, or a value in it is not allowed.
    """
    if name not in parameters:
        raise ConfigError(
            f"The section {name} is missing from the parameters. Restore it in "
            "conf/hydra/config.yaml."
        )
    section = SECTIONS[name]
    try:
        # Strict: "3" is not 3. By way of JSON, since strict Python input must be the class itself.
        TypeAdapter(section).validate_json(json.dumps(parameters[name]), strict=True)
    except TypeError as error:
        raise ConfigError(
            f"{name} has a value that is not a text, number, list or null: {error}. Change it in "
            "params.yaml or --params."
        ) from error
    except ValidationError as error:
        raise ConfigError(first_error(name, section, error)) from error


def _check_together(parameters: Mapping[str, Any]) -> None:
    """Check what one section requires of another, before any teacher runs."""
    teacher, labels = parameters["teacher"], parameters["softlabels"]
    check_export(parameters["export"])
    check_sections(parameters["report"])
    check_trainer(parameters["trainer"])
    check_teachers(parameters)
    data = parameters["data"]
    source, terms = source_kind(data), check_terms(parameters["objective"])
    if source.gives == CONVERSATIONS:
        check_conversations(data)
    check_answers(parameters["evaluate"].get("answers"), source.gives, CONVERSATIONS)
    if source.gives in OF_TOKENS:
        check_running_text(parameters)
    inputs = inputs_of(data, source)
    check_architectures(parameters, inputs)
    check_batch_tokens(parameters, inputs)
    check_adapter(parameters)
    request = sparsifier_request(labels)
    if teacher["mode"] == "cached":  # a live teacher has every logit and every hidden state
        check_objective(parameters["objective"], terms, labels, request)
    _check_weights(teacher["members"], labels["weights"])
    check_ensemble(teacher["members"], labels, request)


def _check_weights(members: int, weights: Sequence[float] | None) -> None:
    """Check that there is a weight for each of several teachers."""
    if weights is not None and len(weights) != members:
        raise ConfigError(
            f"softlabels.weights has {len(weights)} values, but teacher.members is {members}. "
            "Give one weight for each teacher, or null for equal weights."
        )
