"""The node that traces the student's lineage, and the command that makes the student again.

students, soft_labels, teachers, licence, examples, encoder, data_report, parameters
    ──trace_lineage──> lineage
"""

import os
import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import plain
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.softlabels.dataset import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

SHIPPED = "student"
DVC_STAGE = "DVC_STAGE"  # DVC sets it for each command that it runs
RUN = "kedro run --pipeline=distill"


def trace_lineage(
    students: Path,
    soft_labels: SoftLabelSet,
    teachers: Path,
    licence: dict[str, Any],
    examples: TableFile,
    encoder: Path,
    data_report: dict[str, Any],
    parameters: dict[str, Any],
) -> dict[str, Any]:
    """Return the lineage of the student that ships, as plain values.

    Raises:
        DataError: the soft labels, the licence and the teachers do not belong together.
        DataError: the students were trained by other parameters.
        ModelError: a model directory is missing or damaged.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.io.hashing import sha256_file, sha256_json
    from stillroom.models.weights import weights_hash
    from stillroom.reporting.provenance.lineage import lineage
    from stillroom.teachers.licences.document import from_json
    from stillroom.teachers.reference import refer
    from stillroom.training.origin import require_trained_so

    require_trained_so(students, plain(parameters))
    found = lineage(
        student=weights_hash(students / SHIPPED),
        name=students.name,
        manifest=soft_labels.manifest,
        weights=[ref.weights for ref in refer(teachers)],
        licence=from_json(licence),
        examples=sha256_json([sha256_file(part.path) for part in examples.parts]),
        encoder=sha256_json(read_encoder(encoder).to_json()),
        data_report=data_report,
        parameters=plain(parameters),
        command=command_of(sys.argv, os.environ),
    )
    return found.to_json()


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
