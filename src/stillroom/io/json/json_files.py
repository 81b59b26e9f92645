"""JSON files, written in a canonical form and atomically: equal values give equal bytes."""

import json
from pathlib import Path

from stillroom.errors import DataError
from stillroom.io.files.atomic_file import write_text
from stillroom.io.runs.stage_command import stage_command


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys. NaN and infinity are errors."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path, stage: str | None = None) -> object:
    """Read a JSON document.

    Args:
        path: the path of the file.
        stage: the stage that writes it, for the error.

    Raises:
        DataError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run {stage_command(stage)} first.") from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deep
        raise DataError(
            f"{path} is not JSON ({error}). Delete it, then run {stage_command(stage)}."
        ) from error
