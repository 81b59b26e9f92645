"""Students: which of them a run is about, and which there are in all.

    params.yaml's `students` ──> DVC's matrix over `train`;  its first, or --params groups.student
    ──> the student of this run, in a folder of its own name

`default` is the student that `groups.student` and the experiment of params.yaml choose.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillroom.errors import ConfigError, nearest

STUDENTS = "students"
DEFAULT = "default"


def names_of(layer: Mapping[str, Any], hydra: Path) -> list[str]:
    """Return the names under `students` of params.yaml.

    Args:
        layer: what the file holds.
        hydra: the folder of the config groups.

    Raises:
        ConfigError: no list of different choices of the group `student`.
    """
    given = layer.get(STUDENTS, [DEFAULT])
    files = sorted(path.stem for path in (hydra / "student").glob("*.yaml"))
    allowed = [DEFAULT, *(name for name in files if name != "base")]
    if not isinstance(given, list) or not given:
        raise ConfigError(f"students is {given!r}; it must be a list, as in [tiny, mlp].")
    for name in given:
        if name not in allowed:
            raise ConfigError(
                f"students names {name!r}, which is no choice.{nearest(str(name), allowed)} "
                f"Allowed: {', '.join(allowed)}."
            )
    if len(set(given)) < len(given):
        raise ConfigError(f"students names one twice: {', '.join(given)}.")
    return [str(name) for name in given]


def chosen(names: list[str], runtime: Mapping[str, Any]) -> str:
    """Return the student that a run is about.

    Args:
        names: those of params.yaml.
        runtime: what `--params` gave, nested.
    """
    groups = runtime.get("groups")
    named = groups.get("student") if isinstance(groups, Mapping) else None
    return str(named) if named else names[0]
