"""Clones: a file's content under a second name that nothing can write through to the first.

    source ──reflink where the filesystem has them, else a copy──> target

A hard link would be cheaper, and a write into one name would change the other.
"""

import fcntl
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from stillroom.io.files.atomic import replacing

# linux/fs.h: _IOW(0x94, 9, int). Shares the blocks of the file until one side writes.
FICLONE = 0x40049409
AT_ONCE = 1 << 20  # bytes


def clone(source: Path, target: Path) -> None:
    """Make `target` a file with the content of `source`, atomically."""
    # Opened first: what `replacing` wraps is blamed on the target, also a source that is missing.
    with source.open("rb") as reading, replacing(target) as temporary:
        if not _reflinked(reading, temporary):
            _copy(reading, temporary)


def can_reflink(source: Path, target: Path) -> bool:
    """Tell whether a file of one folder can share its blocks with a file of another.

    Tried with a small file in each, which is removed; of a folder that does not exist yet, in the
    nearest one above it.
    """
    try:
        with (
            NamedTemporaryFile(dir=_existing(source)) as reading,
            NamedTemporaryFile(dir=_existing(target)) as writing,
        ):
            reading.write(b"\0" * 2**16)
            reading.flush()
            with Path(reading.name).open("rb") as content:
                return _reflinked(content, Path(writing.name))
    except OSError:  # read-only, or full: nothing can be shared there either
        return False


def _existing(folder: Path) -> Path:
    return next(path for path in [folder, *folder.resolve().parents] if path.is_dir())


def _copy(reading: BinaryIO, target: Path) -> None:
    # Not by the source's name: a second open that failed would be blamed on the target too.
    with target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, AT_ONCE)


def _reflinked(reading: BinaryIO, target: Path) -> bool:
    with target.open("wb") as writing:
        try:
            fcntl.ioctl(writing.fileno(), FICLONE, reading.fileno())
        except OSError:  # another filesystem, or one without reflinks
            return False
    return True
