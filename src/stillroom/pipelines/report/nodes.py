"""The nodes of report: what was measured in; the page, and a table on the terminal, out."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.config.schema import plain
from stillroom.io.json.number_groups import GroupedNumbers

REPORT = "data/07_reports/report.html"

Records = list[dict[str, Any]]


if TYPE_CHECKING:
    from stillroom.softlabels.reading.label_set import SoftLabelSet
else:  # Kedro resolves this hint when it starts; what it names can be imported later
    SoftLabelSet = Any


def render_report(
    data_report: dict[str, Any],
    metrics: GroupedNumbers,
    statistics: dict[str, Any],
    cost: GroupedNumbers,
    parity: dict[str, int | float],
    reliability: Records,
    confusion: Records,
    slices: dict[str, Any],
    dark_knowledge: dict[str, Any],
    disagreements: dict[str, Any],
    lineage: dict[str, Any],
    licence: dict[str, Any],
    continuations: Records,
    family: Records,
    teacher_curves: Records,
    student_curves: Records,
    soft_labels: SoftLabelSet,
    encoder: Path,
    parameters: dict[str, Any],
) -> str:
    """Return the page as HTML. `docs/design.md` says what each document holds.

    Raises:
        DataError: the documents belong to different runs.
    """
    from stillroom.reporting.page import Documents, page

    return page(
        Documents(
            **_typed(encoder, statistics, soft_labels, parameters),
            metrics=metrics,
            cost=cost,
            parity=parity,
            reliability=reliability,
            confusion=confusion,
            slices=slices,
            dark_knowledge=dark_knowledge,
            disagreements=disagreements,
            lineage=lineage,
            licence=licence,
            continuations=continuations,
            family=family,
            teacher_curves=teacher_curves,
            student_curves=student_curves,
            data_report=data_report,
        )
    )


def _typed(
    encoder: Path, statistics: dict[str, Any], soft_labels: SoftLabelSet, parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return the fields of `Documents` that are not as they lie in the catalog."""
    from stillroom.data.encoders import read_encoder
    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.softlabels.reading.set_summary import summary

    return {
        "classes": list(read_encoder(encoder).classes),
        "statistics": Evidence.from_json(statistics),
        "soft_labels": summary(soft_labels),
        "parameters": plain(parameters),
    }


def print_summary(
    metrics: GroupedNumbers, statistics: dict[str, Any], cost: GroupedNumbers, report: str
) -> None:
    """Print the table that ends a run. `report` is an input so that the page is there by then."""
    from rich.console import Console

    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.reporting.end_table import print_end_table

    del report
    print_end_table(metrics, Evidence.from_json(statistics), cost, REPORT, Console())
