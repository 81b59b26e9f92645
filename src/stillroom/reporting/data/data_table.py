"""Data table: prints what ingest did on a terminal of 80 columns, alarms first."""

from collections.abc import Sequence
from textwrap import fill

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stillroom.data.ingest.splits import SPLITS
from stillroom.reporting.data.data_summary import DataSummary
from stillroom.reporting.end_table import print_alarms

WIDTH = 79
INDENT = 11


def print_data_table(summary: DataSummary, alarms: Sequence[str], console: Console) -> None:
    """Print the alarms, what was read and left out, and the numbers of each split.

    Args:
        summary: of the report of ingest.
        alarms: as sentences.
        console: where to print.
    """
    print_alarms(alarms, console)
    for about, sentences in summary.sentences:
        for number, sentence in enumerate(sentences):
            lead = f"{'' if number else about:<{INDENT}}"
            text = fill(sentence, WIDTH, initial_indent=lead, subsequent_indent=" " * INDENT)
            console.print(text, highlight=False, markup=False)
    console.print(_table(summary))


def _table(summary: DataSummary) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for split in SPLITS:
        table.add_column(split.capitalize(), justify="right", no_wrap=True)
    for counts in summary.counts:
        table.add_row(counts.name.capitalize(), *(f"{count:,}" for count in counts.of_splits))
    if summary.classes:
        table.add_section()
    for counts in summary.classes:
        # As text, since rich would read [bold] in the name of a class as markup.
        table.add_row(Text(f"Class {counts.name}"), *(f"{count:,}" for count in counts.of_splits))
    return table
