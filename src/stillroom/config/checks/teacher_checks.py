"""Checks of the teachers in the parameters, by what their kinds declare.

teacher, teachers ──registry of teachers──> kinds ──options, what they can do──> ConfigError
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stillroom.config.kind_options import options_of, require_declared
from stillroom.config.schema import FROM_TEACHER, LISTED, GivenTeacher, Teacher
from stillroom.errors import ConfigError
from stillroom.io.json.flatten import value_at
from stillroom.registry import registry_of


def check_teachers(parameters: Mapping[str, Any]) -> None:
    """Check kinds and options of the teachers, and what the other sections require of them.

    Raises:
        ConfigError: a kind is unknown, an option is not allowed, or a teacher cannot do what
            another section asks for.
    """
    teacher, listed = parameters["teacher"], parameters["teachers"]
    if teacher["source"] == LISTED:
        if not listed:
            raise ConfigError(
                f"teacher.source is {LISTED}, but teachers is empty. List the teachers there, or "
                "set teacher.source to a kind of teacher."
            )
        kinds = [
            _checked_kind(one, GivenTeacher, f"teachers.{number}")
            for number, one in enumerate(listed)
        ]
        _require_given(listed, kinds)
    else:
        kinds = [_checked_kind(teacher, Teacher, "teacher")]
        _check_members(teacher, kinds[0])
    _check_abilities(parameters, kinds)


def require_paths(listed: Sequence[Mapping[str, Any]], root: Path) -> None:
    """Check that each listed teacher exists.

    The parameters of later stages may name teachers that are on another machine, so only those
    call this who are about to read the teachers.

    Args:
        listed: the entries of `teachers`.
        root: the project's folder.

    Raises:
        ConfigError: there is nothing at the path of one.
    """
    for number, one in enumerate(listed):
        if one.get("path") and not (root / one["path"]).exists():
            raise ConfigError(
                f"teachers.{number}.path is {one['path']}, which does not exist. Set it to where "
                f"this {one['source']} teacher lies."
            )


def _checked_kind(section: Mapping[str, Any], own: type, name: str) -> Any:
    """Return the kind that a section names, after its options were checked."""
    registry = registry_of("teachers")
    registry.require(section["source"], f"{name}.source")
    kind = registry.load(section["source"])
    require_declared(section, own, kind.options, name)
    options_of(section, kind.options, name)
    if section.get("class_names") and not kind.takes_class_names:
        raise ConfigError(
            f"{name}.class_names is set, but a teacher of the source {section['source']} has the "
            f"classes of the examples. Remove it, or set {name}.source=given."
        )
    return kind


def _require_given(listed: Sequence[Mapping[str, Any]], kinds: Sequence[Any]) -> None:
    for number, (one, kind) in enumerate(zip(listed, kinds, strict=True)):
        if kind.trains:
            raise ConfigError(
                f"teachers.{number}.source is {one['source']}, but the list names teachers that "
                "exist. Set it to given, or empty the list and set teacher.source=trained."
            )
        if kind.has_path and not one.get("path"):
            raise ConfigError(
                f"teachers.{number}.path is missing. Set it to where this {one['source']} teacher "
                "lies."
            )


def _check_members(teacher: Mapping[str, Any], kind: Any) -> None:
    if not kind.trains and teacher["members"] != 1:
        raise ConfigError(
            f"teacher.members is {teacher['members']}, but teacher.path holds one teacher. Set "
            "teacher.members to 1, or name each teacher in the list teachers."
        )


def _check_abilities(parameters: Mapping[str, Any], kinds: Sequence[Any]) -> None:
    """Check that the teachers can run, and give, what the other sections ask for."""
    if all(kind.is_model for kind in kinds):
        return
    for key, value, instead in (
        ("teacher.mode", "live", "cached"),
        ("evaluate.full_logits", True, "false"),
        ("softlabels.features", "pooled", "none"),
        ("student.architecture.name", FROM_TEACHER, "another architecture"),
    ):
        if value_at(parameters, key) == value:
            given = str(value).lower() if value is True else value
            raise ConfigError(
                f"{key} is {given}, which needs a teacher that is a model of PyTorch, but a "
                f"teacher of the source {_first_other(parameters, kinds)} is none. Set {key} to "
                f"{instead}, or choose another teacher."
            )


def _first_other(parameters: Mapping[str, Any], kinds: Sequence[Any]) -> str:
    """Return the source of the first teacher that is no model of PyTorch."""
    listed = parameters["teachers"] or [parameters["teacher"]]
    return next(
        str(one["source"]) for one, kind in zip(listed, kinds, strict=True) if not kind.is_model
    )
