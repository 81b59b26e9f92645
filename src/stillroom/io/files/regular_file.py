"""Regular files: a path that came from outside in, an open file out, and never a wait.

A pipe blocks whoever opens it until another program writes, and a device may never end. What a path
names is asked of the open file, because it can change between a look and the opening.
"""

import os
import stat
from io import BufferedReader
from pathlib import Path


class NotRegularFileError(OSError):
    """The path names a folder, a pipe, a socket or a device."""


def open_regular(path: str | Path, flags: int = 0) -> BufferedReader:
    """Open a regular file for reading.

    Args:
        path: the file.
        flags: further flags of `os.open`, such as `os.O_NOFOLLOW`.

    Raises:
        NotRegularFileError: it is something else.
        OSError: it cannot be opened.
        ValueError: no file can have this path.
    """
    # Without O_NONBLOCK, to open a pipe that nobody writes to waits for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotRegularFileError(f"{path} is no regular file")
    return os.fdopen(descriptor, "rb")
