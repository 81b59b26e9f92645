"""Open the project for a command: its folder, its catalog and its checked parameters."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class OpenProject:
    """A Kedro project with a session open.

    Attributes:
        root: the project's folder.
        catalog: Kedro's catalog, with the user's own entries.
        parameters: the typed sections, by name.
        config: Kedro's config loader.
    """

    root: Path
    catalog: Any
    parameters: dict[str, Any]
    config: Any


@contextmanager
def open_project(params: dict[str, Any]) -> Iterator[OpenProject]:
    """Open the project of the working directory, with `params` in place of its own values.

    Raises:
        ConfigError: the working directory is not in a project, or a value is not allowed.
    """
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    from stillroom.io.files.confined_paths import project_root

    root = project_root()
    bootstrap_project(root)
    session: Any = KedroSession.create(project_path=root, runtime_params=params)
    with session:
        context = session.load_context()
        yield OpenProject(root, context.catalog, context.params, context.config_loader)
