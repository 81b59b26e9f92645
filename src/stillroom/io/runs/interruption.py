"""Interruption: a signal ends a command; it says how to go on, and ends as the signal would.

    SIGINT | SIGTERM | SIGHUP ──> child processes save their state ──> one line ──> the signal

Finished work is on the disk at any moment, so nothing else needs to be saved here.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_S = 0.02
SILENT_S = 1.0  # of waiting before a line says what is being waited for
STDERR = 2
SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it

_children: set[int] = set()


@contextmanager
def stopped_on_signal(child: int) -> Iterator[None]:
    """Pass a signal on to a child process while the block runs, and wait until the child ends.

    Args:
        child: the id of a process that saves its state on SIGTERM.
    """
    _children.add(child)
    try:
        yield
    finally:
        _children.discard(child)


def say_how_to_go_on() -> None:
    """Install the handlers. A signal that is ignored, as SIGHUP under nohup, stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        return  # Python lets no other thread install a handler
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    for one in SIGNALS:
        signal.signal(one, signal.SIG_DFL)  # a second signal ends the process at once
    for child in _children:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
    for child in _children:
        _wait_for(child)
    name = signal.Signals(number).name
    _say(f"Stopped by {name}. Finished work is kept: run the same command again to go on.")
    os.kill(os.getpid(), number)


def _wait_for(child: int) -> None:
    """Wait until a child process has ended.

    The interrupted code may be in `Popen.wait`, which holds a lock, so this does not use Popen.
    """
    says_at = time.monotonic() + SILENT_S
    with suppress(ChildProcessError):  # it has ended, and another thread has read its exit code
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > says_at:
                _say("Saving the state of the training …")
                says_at = float("inf")
            time.sleep(POLL_S)


def _say(line: str) -> None:
    """Write a line to standard error, without Python's buffer: its lock may be held."""
    before = SHOW_CURSOR + "\r\n" if os.isatty(STDERR) else ""
    with suppress(OSError):  # the terminal may be closed
        os.write(STDERR, f"{before}{line}\n".encode())
