"""Summary: the end table on a terminal of 80 columns, and what it says in one line."""

from rich import box
from rich.console import Console
from rich.table import Table

from stillroom.reporting.measures import MODELS, cost_measures, quality_measures
from stillroom.reporting.verdict import gain_in_words

Numbers = dict[str, dict[str, int | float]]

NAMES = {"teacher": "teacher", "control": "student alone", "student": "student distilled"}
COLUMNS = {
    "Accuracy": "accuracy",
    "NLL": "NLL",
    "ECE": "ECE",
    "Parameters": "parameters",
    "Time": "ms per image",
}


def print_end_table(metrics: Numbers, cost: Numbers, report: str, console: Console) -> None:
    """Print the table, the gain in words, and where the report lies.

    Args:
        metrics: per model its measures, and `gain`.
        cost: per model `parameters`, `megabytes` and `ms_per_image`.
        report: the path of the page.
        console: where to print.
    """
    console.print(_table(metrics, cost))
    # Neither wrapped nor coloured by rich's guesses, so that a path can be clicked and copied.
    console.print(gain_in_words(metrics), highlight=False, markup=False)
    console.print(f"The page: {report}", highlight=False, markup=False, soft_wrap=True)


def _table(metrics: Numbers, cost: Numbers) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    rows = quality_measures(metrics) + cost_measures(cost)
    measures = {measure.name: measure for measure in rows}
    for name in COLUMNS:
        table.add_column(COLUMNS[name], justify="right", no_wrap=True)
    for index, model in enumerate(MODELS):
        texts = [measures[name].texts[index] for name in COLUMNS]
        table.add_row(NAMES[model], *texts, style="bold" if model == "student" else None)
    return table
