"""Lineage: the student, its soft labels, teachers and data in; the hash of each ancestor out.

The lineage also holds the command that makes the student again.
"""

import shlex
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from stillroom.config.schema import plain
from stillroom.data.encoders import read_encoder
from stillroom.io.dvc_root import DVC_STAGE
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.tables import TableFile
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.reporting.provenance.lineage import lineage
from stillroom.softlabels.format.manifest import Manifest
from stillroom.teachers.licences.licence_document import from_json
from stillroom.teachers.stored_teachers import teacher_refs
from stillroom.training.run_provenance import require_trained_with

SHIPPED = "student"
RUN = "kedro run --pipeline=distill"


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
        command: the command that makes the student again; see `command_of`.

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
    ).to_json()


def command_of(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the command that runs the whole pipeline with the settings of this process.

    Args:
        words: the command line of this process; only `--params` and `--env` are read from it.
        environment: the environment variables; DVC sets `DVC_STAGE` among them.
    """
    if environment.get(DVC_STAGE):
        return "dvc repro"
    options = ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--params", action="append", nargs="?", const="", default=[])
    options.add_argument("-e", "--env", nargs="?")
    parsed, _ = options.parse_known_args(words)
    pairs = [_portable(pair) for params in parsed.params for pair in params.split(",") if pair]
    values = {"env": parsed.env, "params": ",".join(pairs)}
    return " ".join(
        [RUN, *(f"--{name}={shlex.quote(value)}" for name, value in values.items() if value)]
    )


def _portable(pair: str) -> str:
    """Return a parameter without the folders of this machine: the model card is published."""
    key, sign, value = pair.partition("=")
    is_outside = PurePath(value).is_absolute() or value.startswith(("~", "..")) or "://" in value
    return f"{key}{sign}…/{PurePath(value).name}" if is_outside else pair
