"""Origin: a folder of runs in, which soft labels they learnt from, and how, out.

    students ──written beside them──> origin.json ──read──> Origin

By it a report knows whose students it is about, and refuses to tell of others.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.json.flatten import first_difference
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import checked

FILE = "origin.json"


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class Origin:
    """What runs learnt from.

    Attributes:
        soft_labels: the content of the set, as its manifest has it.
        parameters: by which they were trained, section by section.
    """

    soft_labels: str
    parameters: dict[str, Any]


def write_origin(students: Path, soft_labels: str, parameters: Mapping[str, Any]) -> None:
    """Say beside the runs what they learnt from."""
    write_json(students / FILE, {"soft_labels": soft_labels, "parameters": dict(parameters)})


def origin_of(students: Path) -> Origin | None:
    """Return what runs learnt from; None where it is not known."""
    try:
        return checked(Origin, read_json(students / FILE), FILE, "train")
    except DataError:
        return None


def require_trained_so(students: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters by which these runs were not trained: a report would tell of both.

    Args:
        students: the folder of the runs; where it says nothing of them, all is well.
        parameters: all sections; those that training does not depend on may be any.

    Raises:
        DataError: names the first value that differs, and what to do.
    """
    found = origin_of(students)
    if found is None:
        return
    differing = first_difference(
        found.parameters, {key: parameters.get(key) for key in found.parameters}
    )
    if differing is not None:
        key, was, now = differing
        raise DataError(
            f"these students were trained with {key}={was!r}, and it is {now!r} here. Give the "
            "--params of their run again, groups.experiment included, or train them anew."
        )
