"""Functions for a bounded worker: each does one thing that a parser of foreign bytes may do."""

import ctypes
import os
import sys
import time
from pathlib import Path

from stillroom.errors import ModelError


def pair(first: int, second: str) -> list[object]:
    """Return both arguments."""
    print("a library prints to stdout")
    return [first, second]


def environment() -> dict[str, str]:
    """Return the environment of the process."""
    return dict(os.environ)


def refuse() -> None:
    """Raise an error of the project."""
    raise ModelError("This model is refused. Choose another.")


def fail() -> None:
    """Raise an error with several lines and an escape sequence."""
    raise ValueError("first\n\x1b[31msecond")


def panic() -> None:
    """Raise what pyo3 raises for a panic in Rust, which derives from BaseException."""
    raise type("PanicException", (BaseException,), {})("index out of bounds")


def allocate(size: int) -> int:
    """Allocate memory and write to it."""
    return len(bytearray(size))


def abort_for_memory() -> None:
    """End as a program in Rust does that gets no memory."""
    os.write(2, b"memory allocation of 17179869184 bytes failed\n")
    os.abort()


def sleep() -> None:
    """Sleep for a minute."""
    time.sleep(60)


def crash() -> None:
    """Read from address 0."""
    ctypes.string_at(0)


def leave(code: int) -> None:
    """End the process without a result."""
    sys.stderr.write("no more\n")
    sys.stderr.flush()
    os._exit(code)


def write(path: str, size: int) -> None:
    """Write a file."""
    Path(path).write_bytes(bytes(size))


def recurse() -> None:
    """Recurse without an end."""
    recurse()
