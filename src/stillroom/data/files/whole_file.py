"""Whole files: the bytes of one small file, read once, so that what is hashed is what is parsed.

path ──open once──> bytes ──> SHA-256, and whoever parses them
"""

import os
from io import BufferedReader
from pathlib import Path

from stillroom.data.files.input_folder import not_regular
from stillroom.errors import DataError
from stillroom.io.byte_sizes import size_text
from stillroom.io.files.regular_file import NotRegularFileError, open_regular

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
        stream = open_regular(path)
    except NotRegularFileError:
        raise not_regular(origin) from None
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{origin}: the file does not exist. Restore it, or remove it.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{origin} cannot be opened ({type(error).__name__}).") from error
    try:
        with stream:
            return _read(stream, origin, most)
    except OSError as error:
        raise DataError(f"{origin} cannot be read ({error.strerror}). Restore it.") from error


def _read(stream: BufferedReader, origin: str, most: int) -> bytes:
    size = os.fstat(stream.fileno()).st_size
    if size > most:
        raise DataError(
            f"{origin} has {size_text(size)}; a file may have {size_text(most)}. "
            "Replace or remove it."
        )
    content = stream.read(size + 1)  # one byte more than the size tells a file that grows
    if len(content) != size:
        raise DataError(f"{origin} changed while it was read. Start the run again.")
    return content
