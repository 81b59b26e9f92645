"""Locks between processes: one holder at a time, released by the kernel when the holder dies.

with locked(path): …        waits, and says so where it takes long
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stillroom.errors import StillroomError

PATIENCE_S = 600.0
POLL_S = 0.02
SILENT_S = 2.0  # of waiting, before it is said

_LOG = logging.getLogger(__name__)

Tick = Callable[[], None]


def _patient() -> None:
    """Wait on."""


@contextmanager
def locked(path: Path, patience_s: float = PATIENCE_S, waiting: Tick = _patient) -> Iterator[None]:
    """Hold the lock at `path`, a file that stays, alone while the block runs.

    Args:
        path: of the file.
        patience_s: how long to wait for another process.
        waiting: is called again and again meanwhile; what it raises ends the waiting.

    Raises:
        StillroomError: another process held it for longer than `patience_s`.
        OSError: the file cannot be made.
    """
    with _held(path, fcntl.LOCK_EX, patience_s, waiting):
        yield


@contextmanager
def shared(path: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock at `path` together with others that share it, while the block runs.

    Raises:
        StillroomError, OSError: as `locked`.
    """
    with _held(path, fcntl.LOCK_SH, patience_s, _patient):
        yield


@contextmanager
def _held(path: Path, kind: int, patience_s: float, waiting: Tick) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, kind, path, patience_s, waiting)
        yield
    finally:
        # Closing alone would leave it with a process that was forked meanwhile.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _acquire(descriptor: int, kind: int, path: Path, patience_s: float, waiting: Tick) -> None:
    begun = time.monotonic()
    ends, says_at = begun + patience_s, begun + SILENT_S
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > ends:
                raise StillroomError(
                    f"another process has held {path} for {patience_s:g} s. "
                    "Wait for it, or end it; a lock is released when its process ends."
                ) from None
            if time.monotonic() > says_at:
                _LOG.warning("waiting for another process, which holds %s", path)
                says_at = ends + POLL_S
            waiting()
            time.sleep(POLL_S)
