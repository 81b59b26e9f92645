"""End table: prints the results and the verdict on a terminal of 80 columns."""

from collections.abc import Sequence
from textwrap import fill

from rich import box
from rich.console import Console
from rich.table import Table

from stillroom.data.notices import counted
from stillroom.evaluation.statistics.evidence import Evidence
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.display_names import title
from stillroom.reporting.table_rows import cost_measures, models_of, quality_measures
from stillroom.reporting.verdict.verdict import cautions, headline, of_seeds

WIDTH = 79
COLUMNS = {
    "Accuracy": "accuracy",
    "NLL": "NLL",
    "ECE": "ECE",
    "Parameters": "parameters",
    "Latency": "ms per example",
}


def print_alarms(alarms: Sequence[str], console: Console) -> None:
    """Print alarms, one below the other."""
    for alarm in alarms:
        console.print(fill(alarm, WIDTH), highlight=False, markup=False)
    if alarms:
        console.print()


def print_end_table(
    metrics: GroupedNumbers,
    evidence: Evidence,
    cost: GroupedNumbers,
    alarms: Sequence[str],
    report: str,
    console: Console,
) -> None:
    """Print the alarms or the verdict in words, the table, and the path of the report.

    Args:
        metrics: the measures of each model, and `gain`.
        evidence: the comparison of the models on the test split.
        cost: `parameters`, `megabytes` and `ms_p50` of each model.
        alarms: as sentences; under an alarm there is no verdict.
        report: the path of the page.
        console: where to print.
    """
    print_alarms(alarms, console)
    console.print(_table(metrics, cost))
    # rich must neither wrap nor colour the text, so that a path can be clicked and copied.
    for line in () if alarms else (f"{headline(evidence)} {_based(evidence)}", *cautions(evidence)):
        console.print(fill(line, WIDTH), highlight=False, markup=False)
    console.print(f"Report: {report}", highlight=False, markup=False, soft_wrap=True)


def _based(evidence: Evidence) -> str:
    return (
        f"Based on {of_seeds(evidence)} and {counted(evidence.examples, f'test {evidence.unit}')}."
    )


def _table(metrics: GroupedNumbers, cost: GroupedNumbers) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    rows = quality_measures(metrics) + cost_measures(cost)
    measures = {measure.name: measure for measure in rows}
    for name in COLUMNS:
        table.add_column(COLUMNS[name], justify="right", no_wrap=True)
    for index, model in enumerate(models_of(metrics)):
        texts = [measures[name].texts[index] for name in COLUMNS]
        table.add_row(title(model), *texts, style="bold" if model == "student" else None)
    return table
