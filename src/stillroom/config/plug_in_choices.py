"""Config choices: the files of conf/hydra, and those that installed packages bring along.

    conf/hydra/<group>/<choice>.yaml ──────────────────┐
    <package>/stillroom_conf/<group>/<choice>.yaml ────┴──> the choices of each group

A package brings choices if it has an entry point in one of the groups of `stillroom.registry`. No
code of the package runs for this.
"""

from importlib.util import find_spec
from pathlib import Path

from stillroom.errors import ConfigError
from stillroom.registry import HOMES, entries_of

FOLDER = "stillroom_conf"
BASE = "base"  # values that all choices of a group share; not a choice itself


def config_folders(hydra: Path) -> list[Path]:
    """Return the folders with config groups: the project's, then those of packages, sorted."""
    top_level = {entry.module.partition(".")[0] for group in HOMES for entry in entries_of(group)}
    return [hydra, *(folder for name in sorted(top_level) for folder in _folders_of(name))]


def choices_of(hydra: Path, group: str) -> list[str]:
    """Return the names of the choices of a group.

    Raises:
        ConfigError: a choice is defined in two files.
    """
    files: dict[str, Path] = {}
    for folder in config_folders(hydra):
        for path in sorted((folder / group).glob("*.yaml")):
            other = files.setdefault(path.stem, path)
            if other != path:
                raise ConfigError(
                    f"groups.{group}={path.stem} is defined in {other} and in {path}. Rename one "
                    "of these files."
                )
    return sorted(name for name in files if name != BASE)


def _folders_of(top_level: str) -> list[Path]:
    """Return the config folder of a package, which is not imported; [] if it has none."""
    spec = find_spec(top_level)
    places = (spec.submodule_search_locations or []) if spec else []
    return [folder for folder in (Path(place) / FOLDER for place in places) if folder.is_dir()]
