"""Confined paths: Stillroom writes only inside the project."""

from pathlib import Path

from stillroom.errors import ConfigError


def confined(path: Path | str, root: Path) -> Path:
    """Return `path` relative to `root` as an absolute path, with links resolved.

    Raises:
        ConfigError: the path leads outside of `root`.
    """
    resolved = (root / path).resolve()
    # Here a URL would be a harmless name below the root, but fsspec would open another place.
    if "://" in str(path) or not resolved.is_relative_to(root.resolve()):
        raise ConfigError(
            f"{path} leads outside of the project ({root}). Choose a path inside the project; only "
            "data.path, teacher.path and student.path may lead outside."
        )
    return resolved


def project_root() -> Path:
    """Return the folder of the Kedro project that contains the working directory.

    Raises:
        ConfigError: the working directory is not inside a Kedro project.
    """
    from kedro.utils import find_kedro_project

    root = find_kedro_project(Path.cwd())
    if root is None:
        raise ConfigError(
            f"{Path.cwd()} is not inside a Stillroom project. Change to the project's folder first."
        )
    return Path(root)
