"""Atomic writes: a file is either complete or not there.

    bytes or a writer ──> temporary file in the same folder ──fsync──> rename ──fsync folder

The temporary file is in the folder of its target, because a rename is atomic only within one
filesystem.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

TEMPORARY_SUFFIX = ".partial"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it replaces `path`, else it is removed.

    Raises:
        OSError: the filesystem failed (full, read-only, no permission). The error has the name of
            `path`, and the file at `path` is unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}{TEMPORARY_SUFFIX}")
    try:
        yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    except OSError as error:
        error.filename = str(path)  # writers name no file, or the temporary file
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8."""
    write_bytes(path, content.encode())


def write_with(path: Path, writer: Callable[[Path], object]) -> None:
    """Write `path` atomically: `writer` fills a temporary file, which then replaces `path`."""
    with replacing(path) as temporary:
        writer(temporary)


def sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk.

    Raises:
        OSError: it could not be written to the disk. The error has the name of `path`.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        error.filename = str(path)  # fsync only knows a number
        raise
    finally:
        os.close(descriptor)
