"""Whole files: the bytes of one small file, read once, so that what is hashed is what is parsed.

path ──open once──> bytes ──> SHA-256, and whoever parses them
"""

import os
import stat
from pathlib import Path

from stillroom.data.files.input_folder import not_regular
from stillroom.errors import DataError
from stillroom.io.byte_sizes import size_text

MOST_BYTES = 2**28


def read_whole(path: Path, origin: str, most: int = MOST_BYTES) -> bytes:
    """Return all bytes of a file.

    Args:
        path: the file. A pipe or a device is refused, and never waited for.
        origin: the name of the file in messages.
        most: the largest size in bytes.

    Raises:
        DataError: the file is missing, no regular file, larger than `most`, or changes its size
            while it is read.
    """
    try:
        # O_NONBLOCK: without it, to open a pipe that nobody writes to waits for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{origin}: the file does not exist. Restore it, or remove it.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{origin} cannot be opened ({type(error).__name__}).") from error
    try:
        return _read(descriptor, origin, most)
    except OSError as error:
        raise DataError(f"{origin} cannot be read ({error.strerror}). Restore it.") from error
    finally:
        os.close(descriptor)


def _read(descriptor: int, origin: str, most: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise not_regular(origin)
    if status.st_size > most:
        raise DataError(
            f"{origin} has {size_text(status.st_size)}; a file may have {size_text(most)}. "
            "Replace or remove it."
        )
    # One byte more than the size tells a file that grows.
    content = os.read(descriptor, status.st_size + 1)
    while len(content) < status.st_size and (block := os.read(descriptor, status.st_size + 1)):
        content += block
    if len(content) != status.st_size:
        raise DataError(f"{origin} changed while it was read. Start the run again.")
    return content
