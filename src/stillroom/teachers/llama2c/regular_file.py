"""Files of llama2.c: read only if they are files, as far as the reader asks for."""

from pathlib import Path

from stillroom.errors import ModelError
from stillroom.io.files.holes import is_mostly_holes


def require_regular_file(path: Path) -> int:
    """Return the size of a file in bytes; a device or a pipe may never end.

    Raises:
        ModelError: the file is missing, is no regular file, or is mostly holes.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
    if not path.is_file():
        raise ModelError(f"{path} is not a regular file. Choose a file of llama2.c.")
    if is_mostly_holes(path):
        raise ModelError(f"{path} is mostly holes, which read as zeros. Download it again.")
    return size


def read_beginning(path: Path, count: int) -> bytes:
    """Return the first bytes of a file, at most `count`.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(count)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.") from error
