"""Nodes of report: all measurements in; the page, and a table on the terminal, out."""

from typing import Any

from stillroom.config.schema import Report
from stillroom.io.json.number_groups import GroupedNumbers

REPORT = "data/07_reports/report.html"


def render_report(listed: Report, alarms: list[dict[str, Any]], **documents: Any) -> str:
    """Return the page as HTML.

    Args:
        listed: the names of the page's sections.
        alarms: they stand first, whatever sections there are.
        documents: the inputs of all sections, by their names in the catalog.

    Raises:
        DataError: the documents belong to different runs.
        ConfigError: a section of another package cannot be built or rendered.
    """
    from stillroom.assess.sanity.alarm import sentences
    from stillroom.reporting.page import page
    from stillroom.reporting.section_registry import sections_of

    return page(sections_of(listed.sections), documents, sentences(alarms))


def print_summary(
    metrics: GroupedNumbers,
    statistics: dict[str, Any],
    cost: GroupedNumbers,
    alarms: list[dict[str, Any]],
    report: str,
) -> None:
    """Print the table at the end of a run; `report` is an input, so the page exists by then."""
    from stillroom.assess.sanity.alarm import sentences
    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.io.terminal import Terminal
    from stillroom.reporting.end_table import print_end_table

    del report
    evidence = Evidence.from_json(statistics)
    print_end_table(metrics, evidence, cost, sentences(alarms), REPORT, Terminal())
