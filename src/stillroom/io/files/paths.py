"""Confined paths: everything that Stillroom writes stays inside the project."""

from pathlib import Path

from stillroom.errors import ConfigError


def confined(path: Path | str, root: Path) -> Path:
    """Return `path` resolved against `root`, links included.

    Raises:
        ConfigError: it leads outside of `root`.
    """
    resolved = (root / path).resolve()
    # A URL would be a harmless name below the root here, and another place to whoever opens it.
    if "://" in str(path) or not resolved.is_relative_to(root.resolve()):
        raise ConfigError(
            f"{path} leads outside of the project ({root}). "
            "Name a path inside it; only data.path and teacher.path may point elsewhere."
        )
    return resolved


def project_root() -> Path:
    """Return the Kedro project's folder: the nearest one upwards that holds it.

    Raises:
        ConfigError: the working directory is not inside a Kedro project.
    """
    from kedro.utils import find_kedro_project

    found = find_kedro_project(Path.cwd())
    if found is None:
        raise ConfigError(f"{Path.cwd()} is not inside a Stillroom project. Change to its folder.")
    return Path(found)
