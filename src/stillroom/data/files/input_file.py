"""Input files: a path in; a stream, and the SHA-256 of exactly the bytes that the stream gives.

    path ──open once──> descriptor ──hash──> sha256
                             └──────parse──> values      then: is the file still the same?

A file that changes between the two readings is refused, so a hash never belongs to other bytes than
those that were parsed. So is a file that another one replaces meanwhile.
"""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from stillroom.config.schema.data_schema import Limits
from stillroom.data.files.input_folder import not_regular
from stillroom.errors import DataError
from stillroom.io.files.regular_file import NotRegularFileError, open_regular

# A file of any size on disk may unpack to this much. Beyond, rows of different inputs take at least
# a byte each on disk, however well they are packed.
FREE_BYTES, FREE_ROWS = 2**26, 10**6
# Within one step of a filesystem's clock, a file can change without a change of its times. The
# coarsest clock in use, that of FAT, has steps of two seconds.
_CLOCK_STEP = 2_000_000_000
_MOST_EXTENTS = 10_000


@dataclass(frozen=True, slots=True)
class InputFile:
    """An open file.

    Attributes:
        path: where it is.
        part: its name in messages.
        stream: its bytes, from the start; it can seek.
        size: the number of bytes.
        sha256: their hash.
    """

    path: Path
    part: str
    stream: BufferedReader
    size: int
    sha256: str

    def budget(self, limits: Limits) -> int:
        """Return how many bytes the file may unpack to."""
        return min(limits.bytes, max(FREE_BYTES, self.size * limits.ratio))

    def most_rows(self, limits: Limits) -> int:
        """Return how many rows the file may have."""
        return min(limits.rows, max(FREE_ROWS, self.size))


@contextmanager
def open_input(path: Path, part: str, limits: Limits) -> Iterator[InputFile]:
    """Open a file, and check at the end of the block that it did not change.

    Args:
        path: the file. A pipe or a device is refused; it is not waited for.
        part: its name in messages.
        limits: how large it may be.

    Raises:
        DataError: it is no regular file, too large, mostly a hole, unreadable, or it changed.
    """
    with _opened(path, part) as stream:
        state = _state(stream)
        _check_size(stream, state[0], part, limits)
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        stream.seek(0)
        try:
            yield InputFile(path, part, stream, state[0], digest)
        except DataError as error:
            if _state(stream) != state:
                raise changed(part) from error
            raise
        if not _is_unchanged(stream, state, digest):
            raise changed(part)


@contextmanager
def _opened(path: Path, part: str) -> Iterator[BufferedReader]:
    try:
        stream = open_regular(path)
    except NotRegularFileError:
        raise not_regular(part) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise DataError(f"{part} cannot be opened ({reason}). Restore or correct it.") from error
    with stream:
        yield stream


def _state(stream: BufferedReader) -> tuple[int, int, int]:
    """Return what changes with the file. A program can set the second number, not the third."""
    now = os.fstat(stream.fileno())
    return now.st_size, now.st_mtime_ns, now.st_ctime_ns


def _is_unchanged(stream: BufferedReader, state: tuple[int, int, int], digest: str) -> bool:
    if _state(stream) != state:
        return False
    if time.time_ns() - state[2] > _CLOCK_STEP:
        return True
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest() == digest


def _check_size(stream: BufferedReader, size: int, part: str, limits: Limits) -> None:
    if size > limits.bytes:
        raise DataError(
            f"{part} has {size:,} bytes, but data.limits.bytes is {limits.bytes:,}. Split it, or "
            "raise data.limits.bytes."
        )
    if size > max(FREE_BYTES, limits.ratio * _stored_bytes(stream, size)):
        raise DataError(
            f"{part} has {size:,} bytes, of which nearly none are stored: it is a file with holes. "
            "Copy the data into a file without holes."
        )


def _stored_bytes(stream: BufferedReader, size: int) -> int:
    """Return the number of bytes outside of holes; `size` where the system cannot tell."""
    if size <= FREE_BYTES or not hasattr(os, "SEEK_DATA"):
        return size
    stored = end = 0
    try:
        for _ in range(_MOST_EXTENTS):
            start = os.lseek(stream.fileno(), end, os.SEEK_DATA)
            end = os.lseek(stream.fileno(), start, os.SEEK_HOLE)
            stored += end - start
            if end >= size:
                return stored
        return size
    except OSError:  # ENXIO: there is no data after `end`
        return stored
    finally:
        os.lseek(stream.fileno(), 0, os.SEEK_SET)


def changed(part: str) -> DataError:
    """Return the error for a file that is not the same as before."""
    return DataError(f"{part} changed while it was being read. Run the stage again.")
