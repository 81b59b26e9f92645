"""Locks between processes: one holder at a time, released by the kernel when the holder dies.

with locked(path): …        waits for another holder, and logs a warning after two seconds
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
SILENT_S = 2.0  # of waiting before the warning

_LOG = logging.getLogger(__name__)

Tick = Callable[[], None]


def _wait() -> None:
    """Do nothing while waiting."""


@contextmanager
def locked(path: Path, patience_s: float = PATIENCE_S, waiting: Tick = _wait) -> Iterator[None]:
    """Hold the exclusive lock at `path` while the block runs. The lock file is not removed.

    Args:
        path: the lock file.
        patience_s: the time to wait for another process, in seconds.
        waiting: is called repeatedly during the wait; an error that it raises ends the wait.

    Raises:
        StillroomError: another process held the lock for longer than `patience_s`.
        OSError: the lock file cannot be created.
    """
    with _held(path, fcntl.LOCK_EX, patience_s, waiting):
        yield


@contextmanager
def shared(path: Path, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the shared lock at `path` while the block runs; others can share it.

    Raises:
        StillroomError, OSError: as `locked`.
    """
    with _held(path, fcntl.LOCK_SH, patience_s, _wait):
        yield


@contextmanager
def _held(path: Path, kind: int, patience_s: float, waiting: Tick) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _acquire(descriptor, kind, path, patience_s, waiting)
        yield
    finally:
        # Without this a process that was forked in the meantime would still hold the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _acquire(descriptor: int, kind: int, path: Path, patience_s: float, waiting: Tick) -> None:
    start = time.monotonic()
    deadline, warn_at = start + patience_s, start + SILENT_S
    while True:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise StillroomError(
                    f"another process has held the lock {path} for {patience_s:g} s. Wait until "
                    "that process ends, or end it; this releases the lock."
                ) from None
            if time.monotonic() > warn_at:
                _LOG.warning("waiting for another process, which holds the lock %s", path)
                warn_at = deadline + POLL_S
            waiting()
            time.sleep(POLL_S)
