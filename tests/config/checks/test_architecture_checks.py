"""Checks of the architectures: each combination of inputs and architecture, allowed or refused."""

from pathlib import Path
from typing import Any

import pytest

from stillroom.config.checks.architecture_checks import check_architectures
from stillroom.config.compose import compose
from stillroom.errors import ConfigError

TAKES = {"mlp": {"images", "numbers"}, "resnet": {"images"}, "transformer": {"tokens", "running"}}
INPUTS = {"images": "images", "numbers": "numbers", "tokens": "tokens", "running": "running_text"}


@pytest.fixture
def parameters(project: Path) -> dict[str, Any]:
    return compose(project)


def with_student(
    parameters: dict[str, Any], name: str, options: dict[str, Any] | None = None, **teacher: Any
) -> dict[str, Any]:
    student = parameters["student"] | {"architecture": {"name": name, "options": options or {}}}
    return parameters | {"student": student, "teacher": parameters["teacher"] | teacher}


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize("name", TAKES)
def test_an_architecture_gets_only_what_it_takes(
    parameters: dict[str, Any], name: str, inputs: str
) -> None:
    values = with_student(parameters, name, source="given")
    if inputs in TAKES[name]:
        check_architectures(values, INPUTS[inputs])
        return
    fitting = " or ".join(one for one, takes in TAKES.items() if inputs in takes)
    words = rf"student\.architecture is {name}, but .* student\.architecture\.name to {fitting},"
    with pytest.raises(ConfigError, match=words):
        check_architectures(values, INPUTS[inputs])


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("reznet", {}, "name is reznet, which is not an architecture. Did you mean resnet?"),
        ("from_techer", {}, "Did you mean from_teacher?"),
        ("given", {}, "name is given, which is not an architecture"),
        ("mlp", {"hidden": [0]}, "options.hidden.0 is 0; it must be at least 1"),
        ("mlp", {"depth": 2}, "options.depth is not a parameter"),
        ("resnet", {"layer_type": "wide"}, "must be one of: basic, bottleneck"),
    ],
)
def test_an_unknown_name_or_option_is_refused(
    parameters: dict[str, Any], name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        check_architectures(with_student(parameters, name, options), "images")
    assert words in str(raised.value)


def test_from_teacher_is_for_students(parameters: dict[str, Any]) -> None:
    named = {"name": "from_teacher", "options": {"layers": 1}}
    check_architectures(with_student(parameters, "from_teacher", {"layers": 1}), "images")
    with pytest.raises(ConfigError, match="layers is 0"):
        check_architectures(with_student(parameters, "from_teacher", {"layers": 0}), "images")
    with pytest.raises(ConfigError, match="Only a student can use from_teacher"):
        check_architectures(with_student(parameters, "mlp", architecture=named), "images")


@pytest.mark.parametrize("source", ["given", "sentence", "onnx", "listed"])
def test_the_architecture_of_a_teacher_that_exists_is_not_checked(
    parameters: dict[str, Any], source: str
) -> None:
    named = {"name": "given", "options": {}}
    check_architectures(
        with_student(parameters, "mlp", source=source, architecture=named), "images"
    )
    with pytest.raises(ConfigError, match=r"teacher\.architecture\.name is given"):
        check_architectures(with_student(parameters, "mlp", architecture=named), "images")


def test_a_pretrained_student_takes_images_and_tokens_but_no_numbers(
    parameters: dict[str, Any],
) -> None:
    values = with_student(parameters, "pretrained", source="given")
    values["student"]["path"] = "models/small"
    for inputs in ("images", "tokens", "running_text"):
        check_architectures(values, inputs)
    with pytest.raises(ConfigError, match=r"takes tokens or images\. Train without it"):
        check_architectures(values, "numbers")


def test_pretrained_without_a_model_is_refused(parameters: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"is pretrained, but student\.path is null"):
        check_architectures(with_student(parameters, "pretrained"), "images")
