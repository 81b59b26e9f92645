"""Files of llama2.c: read only if they are files, as far as the reader asks for."""

import os
from pathlib import Path

from stillroom.errors import ModelError
from stillroom.io.files.holes import is_mostly_holes
from stillroom.io.files.regular_file import NotRegularFileError, open_regular


def require_regular_file(path: Path) -> int:
    """Return the size of a file in bytes; a device or a pipe may never end.

    Raises:
        ModelError: the file is missing, is no regular file, or is mostly holes.
    """
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
    except NotRegularFileError:
        raise ModelError(f"{path} is not a regular file. Choose a file of llama2.c.") from None
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    if is_mostly_holes(path):
        raise ModelError(f"{path} is mostly holes, which read as zeros. Download it again.")
    return size


def read_beginning(path: Path, count: int) -> bytes:
    """Return the first bytes of a file, at most `count`.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        with open_regular(path) as stream:
            return stream.read(count)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
