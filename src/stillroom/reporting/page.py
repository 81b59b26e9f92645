"""Page: everything that was measured in, one self-contained HTML page out.

    Evidence ──figures, tables, verdict──> report.html.j2 ──> str

Whatever comes from data, a class's name above all, is escaped by the template; only the SVG of
our own figures goes in as it is, and that is escaped where it is drawn.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.confusion import confusion_matrix
from stillroom.evaluation.intervals import wilson
from stillroom.evaluation.similarity import top_pairs
from stillroom.reporting import figures
from stillroom.reporting.facts import condensed, facts
from stillroom.reporting.figures.confusion import worst_classes
from stillroom.reporting.measures import MODELS, cost_measures, percent, quality_measures
from stillroom.reporting.names import short, title
from stillroom.reporting.verdict import verdict

TEMPLATES = Path(__file__).parent / "templates"
PAIRS = 8

Numbers = dict[str, dict[str, int | float]]
Records = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the page shows: the documents that the stages before it wrote."""

    classes: list[str]
    metrics: Numbers
    cost: Numbers
    parity: dict[str, int | float]
    reliability: Records
    confusion: Records
    similarity: Records
    continuations: Records
    teacher_curves: Records
    student_curves: Records
    data_report: dict[str, Any]
    soft_labels: dict[str, str | int | float]
    parameters: dict[str, Any]


def page(evidence: Evidence) -> str:
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
    by_class = _by_class(evidence) if evidence.classes else None
    tests = _tests(evidence)
    return environment.get_template("report.html.j2").render(
        verdict=verdict(evidence.metrics, evidence.cost),
        titles=[title(model) for model in MODELS],
        measures=quality_measures(evidence.metrics) + cost_measures(evidence.cost),
        intervals=_intervals(evidence.metrics, tests) if by_class else [""] * len(MODELS),
        tests=tests,
        answers="examples" if by_class else "tokens",
        curves=_curves(evidence),
        reliability=_reliability(evidence),
        by_class=by_class,
        continuations=_continuations(evidence.continuations),
        data=condensed(evidence.data_report),
        soft_labels=facts(evidence.soft_labels),
        parity=evidence.parity,
        parameters=facts(evidence.parameters),
    )


@dataclass(frozen=True, slots=True)
class ByClass:
    """What there is to see of single classes."""

    count: int
    shown: int
    confusion: list[str]
    similarity: str
    pairs: list[tuple[str, str, str]]


def _by_class(evidence: Evidence) -> ByClass:
    matrices = _matrices(evidence)
    shown = worst_classes(matrices["student"])
    return ByClass(
        count=len(evidence.classes),
        shown=len(shown),
        confusion=_confusion(evidence, matrices, shown),
        similarity=_similarity(evidence, shown),
        pairs=_pairs(evidence),
    )


def _continuations(records: Records) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return each beginning, and beside a name how the text or a model goes on with it."""
    who = {"text": "The text itself"} | {model: title(model) for model in MODELS}
    return [
        (str(record["beginning"]), [(name, str(record[key])) for key, name in who.items()])
        for record in records
    ]


def _tests(evidence: Evidence) -> int:
    """Return how many answers each model gave to the test split."""
    return sum(row["count"] for row in evidence.reliability if row["model"] == "student")


def _matrices(evidence: Evidence) -> dict[str, NDArray[np.int64]]:
    index = {name: position for position, name in enumerate(evidence.classes)}
    matrices = {}
    for model in MODELS:
        rows = [row for row in evidence.confusion if row["model"] == model]
        if not rows:
            raise DataError(f"the confusion's records lack {model}. Run the stage evaluate again.")
        unknown = {row[side] for row in rows for side in ("actual", "predicted")} - index.keys()
        if unknown:
            raise DataError(f"{min(unknown)!r} is not a class of the encoder. Run evaluate again.")
        actual = np.array([index[row["actual"]] for row in rows])
        predicted = np.array([index[row["predicted"]] for row in rows])
        matrices[model] = confusion_matrix(actual, predicted, len(evidence.classes))
    return matrices


def _intervals(metrics: Numbers, tests: int) -> list[str]:
    ends = [wilson(metrics[model]["accuracy"], tests) for model in MODELS]
    return [f"{100 * low:.1f}\N{EN DASH}{100 * high:.1f}" for low, high in ends]


def _curves(evidence: Evidence) -> list[str]:
    return [
        figures.learning_curves(f"{whose.lower()}-{measure}", whose, records, measure)
        for whose, records in (
            ("Students", evidence.student_curves),
            ("Teachers", evidence.teacher_curves),
        )
        if records
        for measure in ("validation_nll", "validation_accuracy")
    ]


def _reliability(evidence: Evidence) -> list[str]:
    errors = {model: evidence.metrics[model]["ece"] for model in MODELS}
    return [
        figures.reliability(f"r-{model}", model, evidence.reliability, errors[model])
        for model in MODELS
    ]


def _confusion(
    evidence: Evidence, matrices: dict[str, NDArray[np.int64]], shown: NDArray[np.int64]
) -> list[str]:
    names = [evidence.classes[index] for index in shown]
    return [
        figures.confusion(f"c-{model}", model, matrices[model][np.ix_(shown, shown)], names)
        for model in MODELS
    ]


def _similarity(evidence: Evidence, shown: NDArray[np.int64]) -> str:
    index = {name: position for position, name in enumerate(evidence.classes)}
    matrix = np.zeros((len(index), len(index)))
    for record in evidence.similarity:
        matrix[index[record["actual"]], index[record["looks_like"]]] = record["probability"]
    names = [evidence.classes[position] for position in shown]
    return figures.similarity("similarity", matrix[np.ix_(shown, shown)], names)


def _pairs(evidence: Evidence) -> list[tuple[str, str, str]]:
    return [
        (
            short(str(row["actual"])),
            short(str(row["looks_like"])),
            percent(float(row["probability"])),
        )
        for row in top_pairs(evidence.similarity, PAIRS)
    ]
