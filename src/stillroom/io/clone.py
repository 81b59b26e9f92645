"""Clones: a file's content under a second name that nothing can write through to the first.

    source ──reflink where the filesystem has them, else a copy──> target

A hard link would be cheaper, and a write into one name would change the other.
"""

import fcntl
import shutil
from pathlib import Path
from typing import BinaryIO

from stillroom.io.atomic import replacing

# linux/fs.h: _IOW(0x94, 9, int). Shares the blocks of the file until one side writes.
FICLONE = 0x40049409


def clone(source: Path, target: Path) -> None:
    """Make `target` a file with the content of `source`, atomically."""
    # Opened first: what `replacing` wraps is blamed on the target, also a source that is missing.
    with source.open("rb") as reading, replacing(target) as temporary:
        if not _reflinked(reading, temporary):
            shutil.copyfile(source, temporary)


def _reflinked(reading: BinaryIO, target: Path) -> bool:
    with target.open("wb") as writing:
        try:
            fcntl.ioctl(writing.fileno(), FICLONE, reading.fileno())
        except OSError:  # another filesystem, or one without reflinks
            return False
    return True
