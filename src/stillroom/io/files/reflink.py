"""Clone a file: the copy is independent, and shares blocks with its source where it can.

    source ──reflink if the filesystem has them, else a copy──> target

A hard link would be cheaper, but a write through one name would change the other.
"""

import fcntl
import shutil
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from stillroom.io.files.atomic_file import replacing

# linux/fs.h: _IOW(0x94, 9, int). The files share their blocks until one of them is written.
FICLONE = 0x40049409
COPY_BYTES = 1 << 20  # read and written at once


def clone(source: Path, target: Path) -> None:
    """Write the content of `source` to `target`, atomically."""
    # Opened first: within `replacing` an error about the source would name the target.
    with source.open("rb") as reading, replacing(target) as temporary:
        if not _reflinked(reading, temporary):
            _copy(reading, temporary)


def can_reflink(source: Path, target: Path) -> bool:
    """Tell whether a file in one folder can share its blocks with a file in another.

    The function tries it with a temporary file in each folder. If a folder does not exist yet, it
    uses the nearest folder above it.
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
    except OSError:  # read-only or full: nothing can be shared there
        return False


def _existing(folder: Path) -> Path:
    return next(path for path in [folder, *folder.resolve().parents] if path.is_dir())


def _copy(reading: BinaryIO, target: Path) -> None:
    # Does not open the source by name: the error of a failing open would name the target.
    with target.open("wb") as writing:
        shutil.copyfileobj(reading, writing, COPY_BYTES)


def _reflinked(reading: BinaryIO, target: Path) -> bool:
    with target.open("wb") as writing:
        try:
            fcntl.ioctl(writing.fileno(), FICLONE, reading.fileno())
        except OSError:  # another filesystem, or one without reflinks
            return False
    return True
