"""Run provenance: a folder of students in, their soft labels and their parameters out.

    students ──written beside them──> origin.json ──read──> RunProvenance

With it a report checks that its students are those of its parameters, and refuses others.
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.io.json.flatten import first_difference
from stillroom.io.json.json_files import read_json, write_json
from stillroom.io.json.validated_json import checked
from stillroom.teachers.licences.licence_document import TeacherLicence
from stillroom.training.job import Start

FILE = "origin.json"


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class StartProvenance:
    """The pretrained model that students started from.

    Attributes:
        weights: SHA-256 of its weights.
        licence: its licence.
    """

    weights: str
    licence: TeacherLicence


@dataclass(frozen=True, kw_only=True, config=ConfigDict(extra="forbid"))
class RunProvenance:
    """What students learned from.

    Attributes:
        soft_labels: the content hash of the soft-label set, from its manifest.
        parameters: the parameters of the training, section by section.
        start: the model at `student.path`; None if there is none.
    """

    soft_labels: str
    parameters: dict[str, Any]
    start: StartProvenance | None = None


def start_provenance(start: Start | None, licence: TeacherLicence | None) -> StartProvenance | None:
    """Return the provenance of the model at `student.path`; None for other students."""
    if start is None or licence is None:
        return None
    return StartProvenance(weights=start.weights, licence=licence)


def write_provenance(
    students: Path,
    soft_labels: str,
    parameters: Mapping[str, Any],
    start: StartProvenance | None = None,
) -> None:
    """Write what students learned from, beside their folders."""
    document = {"soft_labels": soft_labels, "parameters": dict(parameters)}
    beginning = {} if start is None else {"start": asdict(start)}
    write_json(students / FILE, document | beginning)


def read_provenance(students: Path) -> RunProvenance | None:
    """Return what students learned from; None without a provenance file."""
    try:
        return checked(RunProvenance, read_json(students / FILE), FILE, "train")
    except DataError:
        return None


def require_trained_with(students: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that differ from those of the training: a report would mix the two.

    Args:
        students: the folder of the students; without a provenance file nothing is checked.
        parameters: all sections; only those that training depends on are compared.

    Raises:
        DataError: names the first value that differs, and what to do.
    """
    provenance = read_provenance(students)
    if provenance is None:
        return
    differing = first_difference(
        provenance.parameters, {key: parameters.get(key) for key in provenance.parameters}
    )
    if differing is not None:
        key, was, now = differing
        raise DataError(
            f"These students were trained with {key}={was!r}, but this run has {key}={now!r}. Pass "
            "the same --params as their training run, groups.experiment included, or train again."
        )
