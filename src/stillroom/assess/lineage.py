"""Lineage: the student, its soft labels, teachers and data in; each ancestor by hash out.

The command that makes the student again is part of it.
"""

import shlex
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from stillroom.data.encoders import Encoder
from stillroom.io.files.hashing import sha256_file, sha256_json
from stillroom.io.tables import TableFile
from stillroom.models.pretrained.safetensors_files import weights_hash
from stillroom.reporting.provenance.lineage import Lineage, lineage
from stillroom.softlabels.format.manifest import Manifest
from stillroom.teachers.licences.licence_document import Licence
from stillroom.teachers.teacher_ref import TeacherRef
from stillroom.training.run_provenance import require_trained_so

SHIPPED = "student"
DVC_STAGE = "DVC_STAGE"  # DVC sets it for each command that it runs
RUN = "kedro run --pipeline=distill"


def trace(
    *,
    students: Path,
    manifest: Manifest,
    teachers: Sequence[TeacherRef],
    licence: Licence,
    examples: TableFile,
    encoder: Encoder,
    data_report: Mapping[str, Any],
    parameters: dict[str, Any],
    command: str,
) -> Lineage:
    """Return the lineage of the student that ships.

    Raises:
        DataError: the soft labels, the licence and the teachers do not belong together, or the
            students were trained by other parameters.
        ModelError: a model directory is missing or damaged.
    """
    require_trained_so(students, parameters)
    return lineage(
        student=weights_hash(students / SHIPPED),
        name=students.name,
        manifest=manifest,
        weights=[ref.weights for ref in teachers],
        licence=licence,
        examples=sha256_json([sha256_file(part.path) for part in examples.parts]),
        encoder=sha256_json(encoder.to_json()),
        data_report=data_report,
        parameters=parameters,
        command=command,
    )


def command_of(words: Sequence[str], environment: Mapping[str, str]) -> str:
    """Return the command that runs everything as this process runs a part of it.

    Args:
        words: the command line of the process, with what `--params` and `--env` gave.
        environment: of the process, in which DVC tells that it is the one who runs.
    """
    if environment.get(DVC_STAGE):
        return "dvc repro"
    options = ArgumentParser(add_help=False, allow_abbrev=False)
    options.add_argument("--params", action="append", nargs="?", const="", default=[])
    options.add_argument("-e", "--env", nargs="?")
    given, _ = options.parse_known_args(words)
    pairs = [_portable(pair) for one in given.params for pair in one.split(",") if pair]
    kept = {"env": given.env, "params": ",".join(pairs)}
    return " ".join(
        [RUN, *(f"--{name}={shlex.quote(said)}" for name, said in kept.items() if said)]
    )


def _portable(pair: str) -> str:
    """Return a parameter without the folders of this machine, which a card would publish."""
    key, sign, value = pair.partition("=")
    elsewhere = PurePath(value).is_absolute() or value.startswith(("~", "..")) or "://" in value
    return f"{key}{sign}…/{PurePath(value).name}" if elsewhere else pair
