"""Page: everything that was measured in, one self-contained HTML page out.

    Documents ──figures, tables, verdict──> report.html.j2 ──> str

Whatever comes from data, a class's name above all, is escaped by the template; only the SVG of
our own figures goes in as it is, and that is escaped where it is drawn.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.confusion import confusion_matrix
from stillroom.evaluation.plot_records import DRAWN
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.reporting import figures
from stillroom.reporting.display_names import short, title
from stillroom.reporting.figures.confusion import worst_classes
from stillroom.reporting.key_values import condensed, facts
from stillroom.reporting.sections import cost as costs
from stillroom.reporting.sections import dark_knowledge, disagreements, family, provenance, slices
from stillroom.reporting.table_rows import (
    calibration_measures,
    cost_measures,
    models_of,
    quality_measures,
)
from stillroom.reporting.units import POINTS
from stillroom.reporting.verdict import of_seeds, verdict

TEMPLATES = Path(__file__).parent / "templates"

Numbers = dict[str, dict[str, int | float]]
Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What the page shows: the documents that the stages before it wrote."""

    classes: list[str]
    metrics: Numbers
    statistics: Evidence
    cost: Numbers
    parity: dict[str, int | float]
    reliability: Records
    confusion: Records
    slices: dict[str, Any]
    dark_knowledge: dict[str, Any]
    disagreements: dict[str, Any]
    lineage: dict[str, Any]
    licence: dict[str, Any]
    continuations: Records
    family: Records
    teacher_curves: Records
    student_curves: Records
    data_report: dict[str, Any]
    soft_labels: dict[str, str | int | float]
    parameters: dict[str, Any]


def page(documents: Documents) -> str:
    """Return the HTML page.

    Raises:
        DataError: records that name a class or leave out a model that the others know.
    """
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    by_class = _by_class(documents) if documents.classes else None
    models = models_of(documents.metrics)
    found, sliced = documents.statistics, slices.section(documents.slices)
    said = verdict(found, documents.metrics, documents.cost)
    lineage = provenance.section(documents.lineage, documents.licence)
    return environment.get_template("report.html.j2").render(
        # Of one student alone it is clear which it is.
        student=short(lineage.name) if documents.family else None,
        verdict=replace(
            said,
            alarms=(*said.alarms, *sliced.alarms),
            sentences=(*said.sentences, *sliced.remarks),
        ),
        titles=[title(model) for model in models],
        measures=quality_measures(documents.metrics) + cost_measures(documents.cost),
        intervals=[POINTS.interval(found.accuracy.arms[model]) for model in models],
        tests=found.examples,
        unit=f"{found.unit}s",
        seeds=of_seeds(found),
        curves=_curves(documents),
        reliability=_reliability(documents),
        calibration=calibration_measures(documents.metrics),
        by_class=by_class,
        cost=costs.section(documents.cost),
        family=family.section(documents.family, documents.cost),
        slices=sliced,
        dark_knowledge=dark_knowledge.section(documents.dark_knowledge) if by_class else None,
        disagreements=disagreements.section(documents.disagreements),
        provenance=lineage,
        continuations=_continuations(documents.continuations),
        data=condensed(documents.data_report),
        soft_labels=facts(documents.soft_labels),
        parity=documents.parity,
        parameters=facts(documents.parameters),
    )


@dataclass(frozen=True, slots=True)
class ByClass:
    """What there is to see of single classes."""

    count: int
    shown: int
    confusion: list[str]


def _by_class(documents: Documents) -> ByClass:
    matrices = _matrices(documents)
    shown = worst_classes(matrices["student"])
    return ByClass(
        count=len(documents.classes),
        shown=len(shown),
        confusion=_confusion(documents, matrices, shown),
    )


def _continuations(records: Records) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return each beginning, and beside a name how the text or a model goes on with it."""
    who = {"text": "The text itself"} | {model: title(model) for model in DRAWN}
    return [
        (str(record["beginning"]), [(name, str(record[key])) for key, name in who.items()])
        for record in records
    ]


def _matrices(documents: Documents) -> dict[str, NDArray[np.int64]]:
    index = {name: position for position, name in enumerate(documents.classes)}
    matrices = {}
    for model in DRAWN:
        rows = [row for row in documents.confusion if row["model"] == model]
        if not rows:
            raise DataError(f"the confusion's records lack {model}. Run the stage evaluate again.")
        unknown = {row[side] for row in rows for side in ("actual", "predicted")} - index.keys()
        if unknown:
            raise DataError(f"{min(unknown)!r} is not a class of the encoder. Run evaluate again.")
        actual = np.array([index[row["actual"]] for row in rows])
        predicted = np.array([index[row["predicted"]] for row in rows])
        matrices[model] = confusion_matrix(actual, predicted, len(documents.classes))
    return matrices


def _curves(documents: Documents) -> list[str]:
    return [
        figures.learning_curves(f"{whose.lower()}-{measure}", whose, records, measure)
        for whose, records in (
            ("Students", documents.student_curves),
            ("Teachers", documents.teacher_curves),
        )
        if records
        for measure in ("validation_nll", "validation_accuracy")
    ]


def _reliability(documents: Documents) -> list[str]:
    return [figures.reliability(f"r-{model}", model, documents.reliability) for model in DRAWN]


def _confusion(
    documents: Documents, matrices: dict[str, NDArray[np.int64]], shown: NDArray[np.int64]
) -> list[str]:
    names = [documents.classes[index] for index in shown]
    drawn = []
    for model in DRAWN:
        every, some = matrices[model], matrices[model][np.ix_(shown, shown)]
        elsewhere = int(_wrong(every) - _wrong(some))
        drawn.append(figures.confusion(f"c-{model}", model, some, names, elsewhere))
    return drawn


def _wrong(matrix: NDArray[np.int64]) -> np.int64:
    return matrix.sum() - np.trace(matrix)
