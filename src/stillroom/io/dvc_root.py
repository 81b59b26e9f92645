"""DVC's root: the folder that all checkouts of one project share."""

from pathlib import Path


def shared_root(project: Path) -> Path:
    """Return the folder that the workspace and DVC's temporary experiments share.

    A DVC experiment in a temporary folder runs in `<root>/.dvc/tmp/exps/<name>`, and this function
    returns `<root>`. Any other project is its own root.
    """
    parts = project.resolve().parts
    for at in range(len(parts) - 2, 0, -1):
        if parts[at : at + 3] == (".dvc", "tmp", "exps"):
            return Path(*parts[:at])
    return project
