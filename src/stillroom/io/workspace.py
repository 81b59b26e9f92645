"""Workspaces: folders below `.stillroom/work` where a node builds what a dataset then publishes.

new_workspace ──filled──> publish(workspace, target): one rename per folder
"""

import os
import shutil
from pathlib import Path
from uuid import uuid4

WORK = Path(".stillroom") / "work"


def new_workspace(root: Path, label: str) -> Path:
    """Return an empty folder of this process, and remove those whose process is gone."""
    work = root / WORK
    work.mkdir(parents=True, exist_ok=True)
    for left in work.iterdir():
        if not _is_running(left.name.rpartition("-")[2]):
            shutil.rmtree(left, ignore_errors=True)
    path = work / f"{label}-{uuid4().hex[:8]}-{os.getpid()}"
    path.mkdir()
    return path


def publish(folder: Path, target: Path) -> None:
    """Move `folder` to `target`; what was there is removed once the new one is in its place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    replaced = target.with_name(f".{target.name}.{uuid4().hex}.replaced")
    if target.exists():
        target.replace(replaced)
    folder.replace(target)
    shutil.rmtree(replaced, ignore_errors=True)


def _is_running(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
