"""The names of the project's students, and the name of the student of one run.

    `students` of params.yaml ──> DVC's matrix over `train`
    --params groups.student, else the first of `students` ──> the student of this run

Each student has a folder with its name. `default` is the student that `groups.student` and the
experiment of params.yaml choose.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillroom.config.plug_in_choices import choices_of
from stillroom.errors import ConfigError, nearest

STUDENTS = "students"
DEFAULT = "default"


def student_names(layer: Mapping[str, Any], hydra: Path) -> list[str]:
    """Return the names under `students` of params.yaml.

    Args:
        layer: the content of params.yaml.
        hydra: the folder of the config groups.

    Raises:
        ConfigError: `students` is not a list of different choices of the group `student`.
    """
    given = layer.get(STUDENTS, [DEFAULT])
    allowed = [DEFAULT, *choices_of(hydra, "student")]
    if not isinstance(given, list) or not given:
        raise ConfigError(f"students is {given!r}; it must be a list of names, as in [tiny, mlp].")
    for name in given:
        if name not in allowed:
            raise ConfigError(
                f"students contains {name!r}, which is not a student.{nearest(str(name), allowed)} "
                f"Allowed: {', '.join(allowed)}."
            )
    if len(set(given)) < len(given):
        raise ConfigError(
            f"students contains a name twice: {', '.join(given)}. Remove one of them."
        )
    return [str(name) for name in given]


def student_name(names: list[str], runtime: Mapping[str, Any]) -> str:
    """Return the name of the run's student.

    Args:
        names: the students of params.yaml.
        runtime: the values of `--params`, nested.
    """
    groups = runtime.get("groups")
    name = groups.get("student") if isinstance(groups, Mapping) else None
    return str(name) if name else names[0]
