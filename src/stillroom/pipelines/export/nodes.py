"""Nodes of `export`: the student as it ships, checked for parity, with its card."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import plain
from stillroom.io.files.paths import project_root
from stillroom.io.files.workspace import new_workspace
from stillroom.io.tables import TableFile

if TYPE_CHECKING:
    from stillroom.softlabels.reading.label_set import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any

CARD = "README.md"
SEQUENCES = 64  # whose logits are compared: of each token there may be a vocabulary of them


def export_student(
    students: Path,
    examples: TableFile,
    encoder: Path,
    metrics: dict[str, Any],
    statistics: dict[str, Any],
    soft_labels: SoftLabelSet,
    licence: dict[str, Any],
    lineage: dict[str, Any],
    parameters: dict[str, Any],
) -> tuple[Path, dict[str, Any]]:
    """Return the student's folder (Hugging Face's layout, ONNX, model card) and its parity."""
    import polars as pl

    from stillroom.data.encoders import ArrayEncoder, read_encoder
    from stillroom.data.ingest.splits import TEST
    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.export.onnx import FILE, export_onnx, measure_parity
    from stillroom.io.files.atomic import write_text
    from stillroom.models.pretrained.model_directory import load_model
    from stillroom.reporting.card.model_card import model_card
    from stillroom.reporting.provenance.lineage import from_json as read_lineage
    from stillroom.softlabels.reading.set_summary import summary
    from stillroom.teachers.licences.licence_document import from_json as read_licence

    package = new_workspace(project_root(), "export") / "student"
    shutil.copytree(students / "student", package)
    model = load_model(package)
    test = examples.read().filter(pl.col("split") == TEST)
    fitted = read_encoder(encoder)
    inputs = fitted.encode(test)
    export_onnx(model, inputs, package / FILE)
    some = inputs if isinstance(fitted, ArrayEncoder) else inputs[:SEQUENCES]
    parity = measure_parity(model, package / FILE, some)
    card = model_card(
        metrics,
        Evidence.from_json(statistics),
        plain(parameters),
        summary(soft_labels),
        fitted,
        read_licence(licence),
        read_lineage(lineage),
    )
    write_text(package / CARD, card)
    return package, asdict(parity)
