"""JSON documents: written canonically and atomically, so that equal values give equal bytes."""

import json
from pathlib import Path

from stillroom.errors import DataError
from stillroom.io.files.atomic import write_text


def write_json(path: Path, value: object) -> None:
    """Write `value` as indented JSON with sorted keys. NaN and infinity are refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> object:
    """Read a JSON document.

    Raises:
        DataError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path} does not exist. Run the stage that writes it first.") from None
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, or nested too deep
        raise DataError(
            f"{path} is not JSON ({error}). Delete it and run its stage again."
        ) from error
