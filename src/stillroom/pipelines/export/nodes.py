"""Nodes of `export`: the student as it ships, in each format, with its parity and its card."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.kind_options import closed_options_of, extras_of
from stillroom.config.schema import Export, plain
from stillroom.export.export_format import ExportFormat, write_formats
from stillroom.export.export_registry import REGISTRY
from stillroom.io.files.confined_paths import project_root
from stillroom.io.files.workspace import new_workspace
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.data.encoders import Encoder
    from stillroom.export.parity import Parity
    from stillroom.softlabels.reading.label_set import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

CARD = "README.md"


def export_student(
    students: Path,
    examples: TableFile,
    encoder: Path,
    metrics: dict[str, Any],
    statistics: dict[str, Any],
    soft_labels: SoftLabelSet,
    licence: dict[str, Any],
    lineage: dict[str, Any],
    alarms: list[dict[str, Any]],
    parameters: dict[str, Any],
    export: Export,
) -> tuple[Path, dict[str, Any]]:
    """Return the student's folder, with the files of each format and a model card, and its parity.

    Under an alarm the folder has only a card that begins with the alarms, and the parity is empty.

    Raises:
        SanityError: there is an alarm, and `evaluate.sanity` is stop.
    """
    from stillroom.assess.sanity.alarm import from_json as read_alarms
    from stillroom.assess.sanity.alarm import require_none
    from stillroom.data.encoders import read_encoder
    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.export.parity import parity_document
    from stillroom.io.files.atomic_file import write_text
    from stillroom.reporting.card.model_card import model_card
    from stillroom.reporting.provenance.lineage import from_json as read_lineage
    from stillroom.softlabels.reading.set_summary import summary
    from stillroom.teachers.licences.licence_document import from_json as read_licence

    package, values = new_workspace(project_root(), "export") / "student", plain(parameters)
    if known := read_alarms(alarms):
        require_none(known, values["evaluate"]["sanity"])
        return _empty(package, [alarm.sentence for alarm in known]), {}
    shutil.copytree(students / "student", package)
    fitted, formats = read_encoder(encoder), formats_of(export)
    parities = _written(formats, package, fitted, examples)
    card = model_card(
        metrics,
        Evidence.from_json(statistics),
        values,
        summary(soft_labels),
        fitted,
        read_licence(licence),
        read_lineage(lineage),
        [one.card for one in formats.values()],
    )
    write_text(package / CARD, card)
    return package, parity_document(parities)


def _written(
    formats: dict[str, ExportFormat], package: Path, encoder: "Encoder", examples: TableFile
) -> "dict[str, Parity]":
    """Add the files of each format to a package; return their parity on the test split."""
    import polars as pl

    from stillroom.data.encoders import ArrayEncoder
    from stillroom.data.ingest.splits import TEST
    from stillroom.models.pretrained.image_processor import write_image_processor
    from stillroom.models.pretrained.model_directory import load_model

    inputs = encoder.encode(examples.read().filter(pl.col("split") == TEST))
    model = load_model(package)
    is_of_transformers = type(model).__module__.startswith("transformers.")
    if is_of_transformers and isinstance(encoder, ArrayEncoder) and encoder.kind == "image":
        write_image_processor(encoder, package)
    return write_formats(formats, model, encoder, inputs, package)


def _empty(package: Path, alarms: list[str]) -> Path:
    """Return a new folder that holds only a card with the alarms.

    It replaces the package of an earlier run, which must not stand there as if it were of this one.
    """
    from stillroom.io.files.atomic_file import write_text
    from stillroom.reporting.card.alarm_card import alarm_card

    package.mkdir(parents=True)
    write_text(package / CARD, alarm_card(alarms))
    return package


def formats_of(export: Export) -> dict[str, ExportFormat]:
    """Return the formats of a section `export` with their options, by name."""
    options = extras_of(export)
    return {
        name: closed_options_of(options.get(name, {}), REGISTRY.load(name), f"export.{name}")
        for name in export.formats
    }
