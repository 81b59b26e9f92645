"""Resident memory of this process, in bytes: /proc/self/status in, numbers out."""

from pathlib import Path


def resident() -> int:
    """Return the resident memory now."""
    return _of_status("VmRSS")


def peak() -> int:
    """Return the peak of the resident memory.

    It does not come from getrusage, whose peak includes that of the process that started this one.
    """
    return _of_status("VmHWM")


def _of_status(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    value = next(line for line in lines if line.startswith(f"{name}:")).split()[1]
    return int(value) * 1024
