"""Workspaces: folders in `.stillroom` where a node builds a result before it is published.

new_workspace ──filled──> atomic_folder.publish
unfinished ──kept over a kill, until the result is saved──> remove_unfinished
"""

import os
import re
import shutil
import socket
from pathlib import Path
from uuid import uuid4

from stillroom.errors import StillroomError
from stillroom.io.files.confined_paths import confined
from stillroom.io.files.locking import locked

WORK = Path(".stillroom") / "work"
UNFINISHED = Path(".stillroom") / "unfinished"
LIVE = Path("data") / "07_reports" / "live"
_NAME = re.compile(r"^\w+-[0-9a-f]{8}-(?P<host>.+)-(?P<pid>\d+)$")


def new_workspace(root: Path, label: str) -> Path:
    """Return a new empty folder for this process, and remove the folders of ended processes.

    Raises:
        ConfigError: `.stillroom` is a link that leads outside of the project.
    """
    work = confined(WORK, root)
    work.mkdir(parents=True, exist_ok=True)
    for other in work.iterdir():
        if _is_abandoned(other.name):
            shutil.rmtree(other, ignore_errors=True)
    path = work / f"{label}-{uuid4().hex[:8]}-{socket.gethostname()}-{os.getpid()}"
    path.mkdir()
    return path


def live_curves(root: Path, label: str) -> Path:
    """Return the folder for the live curves of a kind of work, such as `train`.

    Raises:
        ConfigError: the folder is a link that leads outside of the project.
    """
    return confined(LIVE / label, root)


def unfinished(root: Path, node: str) -> Path:
    """Return the folder that keeps the work of a node between runs until its results are saved.

    Raises:
        ConfigError: `.stillroom` is a link that leads outside of the project.
    """
    return confined(UNFINISHED / node, root)


def lock_of(kept: Path) -> Path:
    """Return the lock file of a folder of `unfinished`; a process that works there holds it."""
    return kept.with_name(f"{kept.name}.lock")


def remove_unfinished(root: Path, node: str) -> None:
    """Remove the unfinished work of a node, unless another process works there again.

    Raises:
        ConfigError: as `unfinished`.
    """
    kept = unfinished(root, node)
    if not kept.is_dir():
        return
    try:
        with locked(lock_of(kept), patience_s=0):
            shutil.rmtree(kept, ignore_errors=True)
    except StillroomError:  # another process holds the lock, so the folder is in use
        return


def _is_abandoned(name: str) -> bool:
    """Tell whether a workspace belongs to a process of this machine that has ended."""
    owner = _NAME.match(name)
    if owner is None or owner["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(owner["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
