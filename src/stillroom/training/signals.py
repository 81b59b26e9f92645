"""Signals: turns a signal, or the end of the launching process, into a request to stop.

    SIGTERM | SIGINT | end of standard input ──> StopRequest.is_made ──> state saved, StoppedError

The request is read between steps. Standard input is a pipe from the process that launched the
worker. It closes when that process ends, even by a kill, so no training continues without it.
"""

import os
import signal
import stat
import sys
import threading
from types import FrameType

from stillroom.errors import StillroomError


class StoppedError(StillroomError):
    """Training stopped because of a request, and its state is saved."""


class StopRequest:
    """Whether this process has received a request to stop."""

    def __init__(self) -> None:
        """Start without a request."""
        self.is_made = False

    def listen(self) -> None:
        """Install the handlers; call it again after Lightning has set its own handlers.

        Lightning's handler would wait for the other processes inside the signal handler.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request)

    def watch_standard_input(self) -> None:
        """Treat the end of standard input as a request to stop, where it is a pipe."""
        try:
            is_pipe = stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode)
        except (OSError, ValueError, AttributeError):
            return
        if is_pipe:
            threading.Thread(target=self._wait_for_end_of_input, daemon=True).start()

    def check(self) -> None:
        """Stop at once if there is a request; there is no state to save yet.

        Raises:
            StoppedError: there is a request to stop.
        """
        if self.is_made:
            raise StoppedError(
                "Training received a request to stop, and stopped before its first step. Run the "
                "same command again to continue."
            )

    def _wait_for_end_of_input(self) -> None:
        while os.read(sys.stdin.fileno(), 1):
            pass
        self.is_made = True

    def _request(self, number: int, frame: FrameType | None) -> None:
        self.is_made = True
