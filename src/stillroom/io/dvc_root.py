"""DVC's root: where what several checkouts of one project share can lie."""

from pathlib import Path


def shared_root(project: Path) -> Path:
    """Return the folder that temporary experiments and the workspace have in common.

    A DVC experiment in a temporary folder runs in `<root>/.dvc/tmp/exps/<name>`; the root is what
    lies above that. Elsewhere it is the project itself.
    """
    parts = project.resolve().parts
    for at in range(len(parts) - 2, 0, -1):
        if parts[at : at + 3] == (".dvc", "tmp", "exps"):
            return Path(*parts[:at])
    return project
