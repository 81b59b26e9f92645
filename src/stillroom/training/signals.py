"""Stopping: a signal, or the end of the process that asked, in; a note out, taken between steps.

    SIGTERM | SIGINT | end of standard input ──> StopRequest.is_made ──> state saved, StoppedError

Standard input is a pipe from the process that launched the worker. It ends when that process
does, be it killed, so that no training goes on that nobody waits for.
"""

import os
import signal
import stat
import sys
import threading
from types import FrameType

from stillroom.errors import StillroomError


class StoppedError(StillroomError):
    """Training was asked to stop and has saved its state."""


class StopRequest:
    """Whether this process was asked to stop."""

    def __init__(self) -> None:
        """Ask for nothing yet."""
        self.is_made = False

    def listen(self) -> None:
        """Take note of signals from now on; called again once Lightning has set its own handlers.

        Lightning's handler would wait for the other processes inside of the signal.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._note)

    def watch_standard_input(self) -> None:
        """Take note of its end; a terminal or a file is not waited for."""
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
        except (OSError, ValueError, AttributeError):
            return
        if is_pipe:
            threading.Thread(target=self._wait_for_the_end, daemon=True).start()

    def check(self) -> None:
        """Leave at once where nothing is to be saved.

        Raises:
            StoppedError: it was asked to stop.
        """
        if self.is_made:
            raise StoppedError(
                "training was asked to stop, and did so before it took a step. Run the same "
                "command again: it goes on from there."
            )

    def _wait_for_the_end(self) -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        self.is_made = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.is_made = True
