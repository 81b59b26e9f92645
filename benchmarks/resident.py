"""Resident memory in bytes, of this process or of one that runs: /proc in, numbers out."""

import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

POLL = 0.02  # seconds


def resident() -> int:
    """Return the resident memory now."""
    return _of_status("VmRSS")


def peak() -> int:
    """Return the peak of the resident memory.

    It does not come from getrusage, whose peak includes that of the process that started this one.
    """
    return _of_status("VmHWM")


def peak_of_command(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command, and return the peak of its resident memory.

    Raises:
        CalledProcessError: the command failed.
    """
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE) as process:
        highest = 0
        while process.poll() is None:
            highest = max(highest, _of_status("VmHWM", str(process.pid)))
            time.sleep(POLL)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return highest


def _of_status(name: str, process: str = "self") -> int:
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    # A process that is ending has no memory any more.
    values = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(values[0]) * 1024 if values else 0
