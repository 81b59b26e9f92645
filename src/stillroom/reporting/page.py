"""Page: all documents of a run in, one self-contained HTML page out.

    Documents ──figures, tables, verdict──> report.html.j2 ──> str

The template escapes everything that comes from data, class names above all. Only the SVG of our
own figures goes in unescaped; text in it is escaped where it is drawn.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from stillroom.evaluation.plot_records import DRAWN
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting import figures
from stillroom.reporting.display_names import short, title
from stillroom.reporting.key_values import condensed, key_values
from stillroom.reporting.sections import (
    by_class,
    dark_knowledge,
    disagreements,
    family,
    provenance,
    slices,
)
from stillroom.reporting.sections import cost as costs
from stillroom.reporting.table_rows import (
    calibration_measures,
    cost_measures,
    models_of,
    quality_measures,
)
from stillroom.reporting.units import POINTS
from stillroom.reporting.verdict import of_seeds, verdict

TEMPLATES = Path(__file__).parent / "templates"

Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What the page shows: the documents that the stages before it wrote."""

    classes: list[str]
    metrics: GroupedNumbers
    statistics: Evidence
    cost: GroupedNumbers
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
    classes = documents.classes
    single = by_class.section(documents.confusion, classes) if classes else None
    models = models_of(documents.metrics)
    evidence, sliced = documents.statistics, slices.section(documents.slices)
    conclusion = verdict(evidence, documents.metrics, documents.cost)
    lineage = provenance.section(documents.lineage, documents.licence)
    return environment.get_template("report.html.j2").render(
        # With a single student the page need not name it.
        student=short(lineage.name) if documents.family else None,
        verdict=replace(
            conclusion,
            alarms=(*conclusion.alarms, *sliced.alarms),
            sentences=(*conclusion.sentences, *sliced.remarks),
        ),
        titles=[title(model) for model in models],
        measures=quality_measures(documents.metrics) + cost_measures(documents.cost),
        intervals=[POINTS.interval(evidence.accuracy.arms[model]) for model in models],
        tests=evidence.examples,
        unit=f"{evidence.unit}s",
        seeds=of_seeds(evidence),
        curves=_curves(documents),
        reliability=_reliability(documents),
        calibration=calibration_measures(documents.metrics),
        by_class=single,
        cost=costs.section(documents.cost),
        family=family.section(documents.family, documents.cost),
        slices=sliced,
        dark_knowledge=dark_knowledge.section(documents.dark_knowledge) if single else None,
        disagreements=disagreements.section(documents.disagreements),
        provenance=lineage,
        continuations=_continuations(documents.continuations),
        data=condensed(documents.data_report),
        soft_labels=key_values(documents.soft_labels),
        parity=documents.parity,
        parameters=key_values(documents.parameters),
    )


def _continuations(records: Records) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return each beginning, and per name how the text itself or a model continues it."""
    who = {"text": "The text itself"} | {model: title(model) for model in DRAWN}
    return [
        (str(record["beginning"]), [(name, str(record[key])) for key, name in who.items()])
        for record in records
    ]


def _curves(documents: Documents) -> list[str]:
    return [
        figures.learning_curves(whose, records, measure).svg(f"{whose.lower()}-{measure}")
        for whose, records in (
            ("Students", documents.student_curves),
            ("Teachers", documents.teacher_curves),
        )
        if records
        for measure in ("validation_nll", "validation_accuracy")
    ]


def _reliability(documents: Documents) -> list[str]:
    return [figures.reliability(model, documents.reliability).svg(f"r-{model}") for model in DRAWN]
