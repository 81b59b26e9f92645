"""Workspaces: folders below `.stillroom/work` where a node builds what a dataset then publishes.

    new_workspace ──filled──> publish(folder, target) ──synced, renamed──> target, whole

A kill between the two renames of `publish` leaves the old folder under another name beside the
target; `restored` brings it back. Where the target lies on another filesystem, which no rename
reaches, the folder is copied beside it first.
"""

import os
import re
import shutil
import socket
from pathlib import Path
from uuid import uuid4

from stillroom.errors import StillroomError
from stillroom.io.files.atomic import sync
from stillroom.io.files.locking import locked
from stillroom.io.files.paths import confined

WORK = Path(".stillroom") / "work"
UNFINISHED = Path(".stillroom") / "unfinished"
LIVE = Path("data") / "07_reports" / "live"
_NAME = re.compile(r"^\w+-[0-9a-f]{8}-(?P<host>.+)-(?P<pid>\d+)$")


def new_workspace(root: Path, label: str) -> Path:
    """Return an empty folder of this process, and remove those whose process is gone.

    Raises:
        ConfigError: `.stillroom` is a link that leads outside of the project.
    """
    work = confined(WORK, root)
    work.mkdir(parents=True, exist_ok=True)
    for left in work.iterdir():
        if _is_abandoned(left.name):
            shutil.rmtree(left, ignore_errors=True)
    path = work / f"{label}-{uuid4().hex[:8]}-{socket.gethostname()}-{os.getpid()}"
    path.mkdir()
    return path


def live_curves(root: Path, label: str) -> Path:
    """Return where curves of a kind of work appear while it goes on.

    Raises:
        ConfigError: the folder is a link that leads outside of the project.
    """
    return confined(LIVE / label, root)


def unfinished(root: Path, label: str) -> Path:
    """Return where work of a kind is kept between runs until its results are in their places.

    Raises:
        ConfigError: `.stillroom` is a link that leads outside of the project.
    """
    return confined(UNFINISHED / label, root)


def lock_of(kept: Path) -> Path:
    """Return the lock of a folder that `unfinished` names; who works in it holds that."""
    return kept.with_name(f"{kept.name}.lock")


def let_go(root: Path, label: str) -> None:
    """Remove what was kept of a kind of work, unless another process works there again.

    Raises:
        ConfigError: as `unfinished`.
    """
    kept = unfinished(root, label)
    if not kept.is_dir():
        return
    try:
        with locked(lock_of(kept), patience_s=0):
            shutil.rmtree(kept, ignore_errors=True)
    except StillroomError:  # it is held; what is there is that process's by now
        return


def publish(folder: Path, target: Path) -> None:
    """Move `folder` to `target`; what was there is removed once the new one is in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = _beside(folder, target)
    for path in [*folder.rglob("*"), folder]:
        sync(path)
    restored(target)  # else the only copy may be among those that are removed here
    for left in _replaced(target):
        shutil.rmtree(left)
    aside = target.with_name(f".{target.name}.{uuid4().hex}.replaced")
    if target.exists():
        target.replace(aside)
    try:
        folder.replace(target)
    except OSError as error:
        restored(target)
        error.filename = str(target)  # a workspace means nothing to the user
        raise
    sync(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def restored(target: Path) -> Path:
    """Return `target`, after an old one that a kill left aside was put back in its place."""
    left = _replaced(target)
    if left and not target.exists():
        left[0].replace(target)
    return target


def _beside(folder: Path, target: Path) -> Path:
    """Return the folder, or what is now its copy, on the target's filesystem."""
    for left in target.parent.glob(f".{target.name}.*.arriving"):
        shutil.rmtree(left)
    if folder.stat().st_dev == target.parent.stat().st_dev:
        return folder
    near = target.with_name(f".{target.name}.{uuid4().hex}.arriving")
    shutil.copytree(folder, near)
    shutil.rmtree(folder)
    return near


def _replaced(target: Path) -> list[Path]:
    return sorted(target.parent.glob(f".{target.name}.*.replaced"))


def _is_abandoned(name: str) -> bool:
    """Tell whether a workspace is of a process of this machine that no longer runs."""
    made_by = _NAME.match(name)
    if made_by is None or made_by["host"] != socket.gethostname():
        return False
    try:
        os.kill(int(made_by["pid"]), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False
