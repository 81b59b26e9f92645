"""Sparse files: whether a file has far more bytes than the disk holds of it."""

from pathlib import Path

FRACTION = 8  # a file with less than this fraction of its length on the disk is mostly holes
SMALL = 2**26  # bytes; a smaller file does no harm


def is_mostly_holes(path: Path) -> bool:
    """Tell whether a file has gigabytes that were never written, and read as zeros.

    A file system that compresses saves space too, but weights compress by much less.
    """
    status = path.stat()
    return status.st_size > SMALL and status.st_blocks * 512 * FRACTION < status.st_size
