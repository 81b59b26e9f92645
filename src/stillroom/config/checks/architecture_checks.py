"""Checks of the architectures: their names and options, and whether they take the inputs.

{teacher,student}.architecture ──registry of architectures──> kinds ──takes──> ConfigError
"""

from collections.abc import Mapping
from typing import Any

from stillroom.config.layer_choice import LayerChoice
from stillroom.config.schema import FROM_TEACHER, LISTED, PRETRAINED
from stillroom.errors import ConfigError, nearest
from stillroom.registry import Registry, registry_of


def check_architectures(parameters: Mapping[str, Any], inputs: str) -> None:
    """Check the architectures of the models that are built here.

    Args:
        parameters: all sections.
        inputs: what the inputs of a model are: images, numbers, tokens or running_text.

    Raises:
        ConfigError: an architecture is unknown, an option is not allowed, or the architecture does
            not take the inputs.
    """
    teacher, registry = parameters["teacher"], registry_of("architectures")
    if teacher["architecture"]["name"] == FROM_TEACHER:
        raise ConfigError(
            f"Only a student can use {FROM_TEACHER}. Set teacher.architecture.name to an "
            "architecture."
        )
    kind = None if teacher["source"] == LISTED else registry_of("teachers").load(teacher["source"])
    if kind is not None and kind.starts_from_path:
        _check_pretrained("teacher", parameters, inputs)
    elif kind is not None and kind.trains:
        _check(parameters, "teacher", inputs, registry)
    student = parameters["student"]["architecture"]
    if student["name"] == FROM_TEACHER:
        LayerChoice.of(student["options"])
    elif parameters["student"].get("path") is not None:
        _check_pretrained("student", parameters, inputs)
    else:
        _check(parameters, "student", inputs, registry)


def _check(
    parameters: Mapping[str, Any], section: str, inputs: str, registry: Registry[Any]
) -> None:
    key, architecture = f"{section}.architecture", parameters[section]["architecture"]
    name = architecture["name"]
    if name not in registry:
        names = [*registry, *([FROM_TEACHER] if section == "student" else [])]
        if name == PRETRAINED and section == "student":
            raise ConfigError(
                f"{key}.name is {name}, but student.path is null. Set student.path to the model "
                "that the student starts from."
            )
        raise ConfigError(
            f"{key}.name is {name}, which is not an architecture.{nearest(name, names)} "
            f"Allowed: {', '.join(names)}."
        )
    kind = registry.load(name)
    kind.of(architecture["options"], f"{key}.options")
    if inputs not in kind.takes:
        fitting = " or ".join(one for one in registry if inputs in registry.load(one).takes)
        raise ConfigError(
            f"{key} is {name}, but {_description(inputs, parameters['data'])}. Set {key}.name to "
            f"{fitting}, {_way_out(inputs)}."
        )


def _check_pretrained(section: str, parameters: Mapping[str, Any], inputs: str) -> None:
    data, path = parameters["data"], parameters[section]["path"]
    if inputs == "numbers":
        way_out = "Set data.text.encoding=tokens" if data["columns"]["text"] else "Train without it"
        raise ConfigError(
            f"{section}.path is {path}, but {_description(inputs, data)}: a pretrained model takes "
            f"tokens or images. {way_out}."
        )


def _description(inputs: str, data: Mapping[str, Any]) -> str:
    """Say in words what the inputs are, and which parameter decides it."""
    if inputs == "running_text":
        return f"data.source {data['source']} gives running text, which needs a model of tokens"
    if inputs == "images":
        return "the inputs are images"
    if not data["columns"]["text"]:
        return "the inputs are features, and data.columns.image is not set"
    return f"data.text.encoding is {data['text']['encoding']}"


def _way_out(inputs: str) -> str:
    return {
        "running_text": "for example with groups.experiment=causal_lm",
        "images": "for example with groups.teacher=resnet_ensemble and groups.student=mlp",
        "tokens": "or set data.text.encoding=hashed",
        "numbers": "for example with groups.teacher=mlp_ensemble and groups.student=mlp; for "
        "texts, set data.text.encoding=tokens to use a transformer",
    }[inputs]
