"""Garbage collection: finds the files of a store that no set uses, and removes them.

    store, sets ──waste──> Waste(path, bytes, rows, why), … ──remove──> the same, after removal

Files that a set names are kept. So are files that were written within the last days, if the user
gives a number of days. All other files can be made again by another capture.
"""

import logging
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillroom.errors import SoftLabelError
from stillroom.io.files.atomic_file import TEMPORARY_SUFFIX
from stillroom.io.files.locking import locked
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS, Manifest
from stillroom.softlabels.store.store import (
    CAPTURES,
    IN_USE,
    CaptureStore,
    Store,
    StoredCapture,
    read_capture,
)

# A running capture holds the store until it ends; gc does not wait that long.
PATIENCE_S = 1.0
SECONDS_PER_DAY = 86400.0
_CAPTURE = re.compile(r"[0-9a-f]{64}")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waste:
    """A folder or file that no set uses.

    Attributes:
        path: the folder of a capture, or a file.
        bytes: its size on the disk.
        rows: the number of a teacher's answers in it; 0 for a leftover.
        why: the reason, in words.
    """

    path: Path
    bytes: int
    rows: int
    why: str


def waste(store: Store, sets: Sequence[Manifest], keep_days: float) -> list[Waste]:
    """Return what no set names, unless it was written within the last `keep_days` days."""
    used = {
        (member.capture.fingerprint, shard.name)
        for manifest in sets
        for member in manifest.members
        for shard in member.shards
    }
    root = store.folder / CAPTURES
    unused: list[Waste] = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if _CAPTURE.fullmatch(folder.name) and _age_days(folder) >= keep_days:
            unused += _unused_in_capture(folder, {name for key, name in used if key == folder.name})
    return unused


def remove(store: Store, sets: Callable[[], Sequence[Manifest]], keep_days: float) -> list[Waste]:
    """Remove what `waste` returns, unless a capture is running.

    Args:
        store: the store to clean.
        sets: reads the manifests that are in use. They are read under the lock, because a capture
            that has just ended may have added one.
        keep_days: see `waste`.

    Returns:
        What was removed.

    Raises:
        StillroomError: a capture is running.
    """
    with locked(store.folder / IN_USE, PATIENCE_S):
        unused = waste(store, sets(), keep_days)
        for one in unused:
            if one.path.is_dir():
                shutil.rmtree(one.path)
            else:
                _forget(one.path)
                one.path.unlink(missing_ok=True)
    return unused


def _unused_in_capture(folder: Path, used: set[str]) -> list[Waste]:
    try:
        stored = read_capture(folder)
    except SoftLabelError as error:
        # It may be in use, or may not belong to Stillroom: what cannot be read is not removed.
        logger.warning("%s is not removed: %s", folder, error)
        return []
    if not used:
        rows = sum(shard.rows for shard in stored.shards.values())
        why = f"no set uses it: {stored.capture.sparsifier.kind} of {stored.capture.weights}"
        return [Waste(folder, _size(folder), rows, why)]
    return _unused_shards(folder, stored, used) + _leftovers(folder, stored)


def _unused_shards(folder: Path, stored: StoredCapture, used: set[str]) -> list[Waste]:
    unused = {shard.name: shard for shard in stored.shards.values() if shard.name not in used}
    return [
        Waste(folder / SHARDS / name, shard.bytes, shard.rows, "no set names this shard")
        for name, shard in sorted(unused.items())
    ]


def _leftovers(folder: Path, stored: StoredCapture) -> list[Waste]:
    names = {shard.name for shard in stored.shards.values()}
    files = sorted((folder / SHARDS).glob("*")) + sorted(folder.glob(f".*{TEMPORARY_SUFFIX}"))
    return [
        Waste(path, path.stat().st_size, 0, "left by a run that ended early")
        for path in files
        if path.name not in names
    ]


def _forget(path: Path) -> None:
    """Remove a shard from the manifest of its capture before the file is removed."""
    if path.parent.name != SHARDS:
        return
    folder = path.parents[1]
    stored = read_capture(folder)
    others = {key: shard for key, shard in stored.shards.items() if shard.name != path.name}
    if len(others) < len(stored.shards):
        CaptureStore(folder, stored.capture, stored.codec).keep_only(others)


def _age_days(folder: Path) -> float:
    path = folder / MANIFEST
    written = (path if path.is_file() else folder).stat().st_mtime
    return (time.time() - written) / SECONDS_PER_DAY


def _size(folder: Path) -> int:
    files = (path for path in (folder, *folder.rglob("*")) if path.is_file())
    return sum(path.stat().st_size for path in files)
