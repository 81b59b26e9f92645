"""Origin: a folder of runs in, which soft labels they learnt from, and how, out.

    students ──written beside them──> origin.json ──read──> Origin

By it a report knows whose students it is about, and refuses to tell of others.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.checked import checked
from stillroom.io.documents import read_json, write_json

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
    was = dict(_leaves(found.parameters))
    now = dict(_leaves({key: parameters.get(key) for key in found.parameters}))
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) != now.get(key):
            raise DataError(
                f"these students were trained with {key}={was.get(key)!r}, and it is "
                f"{now.get(key)!r} here. Give the --params of their run again, groups.experiment "
                "included, or train them anew."
            )


def _leaves(node: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(node, Mapping) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{prefix}{key}.")
    else:
        yield prefix.removesuffix("."), list(node) if isinstance(node, tuple) else node
