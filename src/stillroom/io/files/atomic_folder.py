"""Atomic folders: a complete folder takes the place of another at once, or not at all.

    folder ──publish──> synced, copied to the target's filesystem where needed, renamed ──> target

After a kill between the two renames of `publish`, the old folder has another name beside the
target, and `restored` renames it back.
"""

import shutil
from pathlib import Path
from uuid import uuid4

from stillroom.io.files.atomic_file import sync


def publish(folder: Path, target: Path) -> None:
    """Move `folder` to `target`; the old content is removed after the new folder is in place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = _beside(folder, target)
    for path in [*folder.rglob("*"), folder]:
        sync(path)
    restored(target)  # otherwise the next loop could remove the only copy
    for old in _replaced(target):
        shutil.rmtree(old)
    aside = target.with_name(f".{target.name}.{uuid4().hex}.replaced")
    if target.exists():
        target.replace(aside)
    try:
        folder.replace(target)
    except OSError as error:
        restored(target)
        error.filename = str(target)  # the user does not know the workspace
        raise
    sync(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def restored(target: Path) -> Path:
    """Return `target`; if a kill left only the old folder, rename it back first."""
    old = _replaced(target)
    if old and not target.exists():
        old[0].replace(target)
    return target


def _beside(folder: Path, target: Path) -> Path:
    """Return the folder, or a copy of it on the target's filesystem; the original is removed."""
    for partial in target.parent.glob(f".{target.name}.*.arriving"):
        shutil.rmtree(partial)
    if folder.stat().st_dev == target.parent.stat().st_dev:
        return folder
    near = target.with_name(f".{target.name}.{uuid4().hex}.arriving")
    shutil.copytree(folder, near)
    shutil.rmtree(folder)
    return near


def _replaced(target: Path) -> list[Path]:
    return sorted(target.parent.glob(f".{target.name}.*.replaced"))
