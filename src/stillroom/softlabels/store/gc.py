"""gc: a store and the sets that are in use in, what nothing needs out, then gone.

    store, sets ──waste──> Waste(path, bytes, why), … ──remove──> the same, no longer there

What a set names is kept, and what was written lately, if the user says how lately. The rest can be
made again, at the price of asking the teachers again.
"""

import logging
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillroom.errors import SoftLabelError
from stillroom.io.files.atomic import TEMPORARY_SUFFIX
from stillroom.io.files.locking import locked
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS, Manifest
from stillroom.softlabels.store.store import CAPTURES, IN_USE, CaptureStore, Kept, Store, read_kept

# A capture that is under way holds the store for as long as it takes; gc does not wait for it.
PATIENCE_S = 1.0
SECONDS_PER_DAY = 86400.0
_CAPTURE = re.compile(r"[0-9a-f]{64}")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Waste:
    """Something that would go.

    Attributes:
        path: a capture's folder, or a file.
        bytes: what it takes on the disk.
        rows: answers of a teacher in it; 0 of a leftover.
        why: in words.
    """

    path: Path
    bytes: int
    rows: int
    why: str


def waste(store: Store, sets: Sequence[Manifest], keep_days: float) -> list[Waste]:
    """Return what no set names and what was not written within the last `keep_days` days."""
    used = {
        (member.capture.fingerprint, shard.name)
        for manifest in sets
        for member in manifest.members
        for shard in member.shards
    }
    root = store.folder / CAPTURES
    found: list[Waste] = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if _CAPTURE.fullmatch(folder.name) and _age_days(folder) >= keep_days:
            found += _of_capture(folder, {name for key, name in used if key == folder.name})
    return found


def remove(store: Store, sets: Callable[[], Sequence[Manifest]], keep_days: float) -> list[Waste]:
    """Remove what `waste` returns, while no capture is under way.

    Args:
        store: what is looked through.
        sets: reads what is in use; a capture that has just ended may have added to it.
        keep_days: as of `waste`.

    Raises:
        StillroomError: a capture is under way.
    """
    with locked(store.folder / IN_USE, PATIENCE_S):
        found = waste(store, sets(), keep_days)
        for one in found:
            if one.path.is_dir():
                shutil.rmtree(one.path)
            else:
                _forget(one.path)
                one.path.unlink(missing_ok=True)
    return found


def _of_capture(folder: Path, used: set[str]) -> list[Waste]:
    try:
        kept = read_kept(folder)
    except SoftLabelError as error:
        # It may be in use, or not ours at all: what is not understood is not removed.
        logger.warning("%s is left alone: %s", folder, error)
        return []
    if not used:
        rows = sum(shard.rows for shard in kept.shards.values())
        why = f"no set at hand uses it: {kept.capture.sparsifier.kind} of {kept.capture.weights}"
        return [Waste(folder, _size(folder), rows, why)]
    return _superseded(folder, kept, used) + _leftovers(folder, kept)


def _superseded(folder: Path, kept: Kept, used: set[str]) -> list[Waste]:
    idle = {shard.name: shard for shard in kept.shards.values() if shard.name not in used}
    return [
        Waste(folder / SHARDS / name, shard.bytes, shard.rows, "no set at hand names this shard")
        for name, shard in sorted(idle.items())
    ]


def _leftovers(folder: Path, kept: Kept) -> list[Waste]:
    named = {shard.name for shard in kept.shards.values()}
    files = sorted((folder / SHARDS).glob("*")) + sorted(folder.glob(f".*{TEMPORARY_SUFFIX}"))
    return [
        Waste(path, path.stat().st_size, 0, "left by a run that ended early")
        for path in files
        if path.name not in named
    ]


def _forget(path: Path) -> None:
    """Take a shard out of its capture's manifest before the file goes."""
    if path.parent.name != SHARDS:
        return
    folder = path.parents[1]
    kept = read_kept(folder)
    left = {key: shard for key, shard in kept.shards.items() if shard.name != path.name}
    if len(left) < len(kept.shards):
        CaptureStore(folder, kept.capture, kept.codec).keep_only(left)


def _age_days(folder: Path) -> float:
    path = folder / MANIFEST
    written = (path if path.is_file() else folder).stat().st_mtime
    return (time.time() - written) / SECONDS_PER_DAY


def _size(folder: Path) -> int:
    files = (path for path in (folder, *folder.rglob("*")) if path.is_file())
    return sum(path.stat().st_size for path in files)
