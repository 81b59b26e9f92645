"""JSON files, written in a canonical form and atomically: equal values give equal bytes."""

import json
import os
from pathlib import Path

from stillroom.errors import DataError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.regular_file import NotRegularFileError, open_regular
from stillroom.io.runs.stage_command import stage_command

MOST_BYTES = 2**26  # of a file that is read whole


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys. NaN and infinity are errors."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path, stage: str | None = None, most: int = MOST_BYTES) -> object:
    """Read a JSON document.

    Args:
        path: the path of the file.
        stage: the stage that writes it, for the error.
        most: the largest size in bytes.

    Raises:
        DataError: the file is missing, no regular file, larger than `most`, or not JSON.
    """
    try:
        return json.loads(_content(path, most).decode("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run {stage_command(stage)} first.") from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deep
        raise DataError(
            f"{path} is not JSON ({error}). Delete it, then run {stage_command(stage)}."
        ) from error


def _content(path: Path, most: int) -> bytes:
    """Return the bytes of a file, which is never waited for, and of which no more is read."""
    try:
        with open_regular(path) as file:
            content = file.read(min(os.fstat(file.fileno()).st_size, most) + 1)
    except NotRegularFileError:
        raise DataError(f"{path} is no regular file. Put a JSON file in its place.") from None
    if len(content) > most:
        raise DataError(
            f"{path} has more than {most:,} bytes, which no such file has. Replace it with the "
            "right file, for example by a new download."
        )
    return content
