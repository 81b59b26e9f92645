"""Lineage: the student, its soft labels, teachers and data in; the hash of each ancestor out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillroom.config.schema import plain
from stillroom.data.encoders import read_encoder
from stillroom.errors import DataError
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.tables import TableFile
from stillroom.models.adapters.adapter_folder import read_adapter
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.reporting.provenance.lineage import Beginning, lineage
from stillroom.softlabels.format.manifest import Manifest
from stillroom.teachers.licences.licence_document import from_json
from stillroom.teachers.stored_teachers import teacher_refs
from stillroom.training.run_provenance import read_provenance, require_trained_with

SHIPPED = "student"


@dataclass(frozen=True, slots=True)
class LineageInputs:
    """What a student was made from.

    Attributes:
        students: a folder with the model directory of each run.
        manifest: the manifest of the soft labels.
        teachers: a folder with one model directory per member.
        licence: the licence document, as JSON.
        examples: every example.
        encoder: the folder of the encoder.
        data_report: the report of ingest.
    """

    students: Path
    manifest: Manifest
    teachers: Path
    licence: Mapping[str, Any]
    examples: TableFile
    encoder: Path
    data_report: Mapping[str, Any]


def lineage_document(
    inputs: LineageInputs, parameters: dict[str, Any], command: str
) -> dict[str, Any]:
    """Return the lineage of the shipped student, as plain values.

    Args:
        inputs: the student and its ancestors.
        parameters: those of the project; the students must have been trained with them.
        command: the command that makes the student again; see `rerun_command`.

    Raises:
        DataError: the soft labels, the licence and the teachers do not belong together, or the
            students were trained with other parameters.
        ModelError: a model directory is missing or damaged.
    """
    values = plain(parameters)
    require_trained_with(inputs.students, values)
    return lineage(
        student=weights_hash(inputs.students / SHIPPED),
        name=inputs.students.name,
        manifest=inputs.manifest,
        weights=[ref.weights for ref in teacher_refs(inputs.teachers)],
        licence=from_json(inputs.licence),
        examples=sha256_json([sha256_file(table.path) for table in inputs.examples.parts]),
        encoder=sha256_json(read_encoder(inputs.encoder).to_json()),
        data_report=inputs.data_report,
        parameters=values,
        command=command,
        start=_beginning(inputs.students, values["student"].get("path")),
        adapter=read_adapter(inputs.students / SHIPPED),
    ).to_json()


def _beginning(students: Path, path: str | None) -> Beginning | None:
    """Return the model that the students started from; None if `student.path` is null.

    Raises:
        DataError: what they started from is not recorded, so its licence is not known either.
    """
    if path is None:
        return None
    provenance = read_provenance(students)
    if provenance is None or provenance.start is None:
        raise DataError(
            f"student.path is {path}, but {students} does not record from which model its students "
            "started. Run `kedro run --pipeline=train` again."
        )
    return Beginning(weights=provenance.start.weights, licence=provenance.start.licence)
