"""Data section: what was read, guessed, converted and left out, and what each split has."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.data.data_summary import DataSummary

EXAMPLE = "example"


@dataclass(frozen=True, slots=True)
class DataView:
    """What the template shows.

    Attributes:
        summary: the facts.
        splits: the names of the splits, one for each column.
        everything: each line of the report of ingest, as key and value.
        example: the parts of one conversation, each with whether it is learnt; empty for others.
    """

    summary: "DataSummary"
    splits: tuple[str, ...]
    everything: list[tuple[str, str]]
    example: list[tuple[str, bool]]


def build(data_report: dict[str, Any]) -> DataView:
    """Return the summary of the report of ingest, and all of its lines."""
    from stillroom.data.ingest.splits import SPLITS
    from stillroom.reporting.data.data_summary import data_summary
    from stillroom.reporting.key_values import condensed

    lines = condensed({key: value for key, value in data_report.items() if key != EXAMPLE})
    example = [(str(run["text"]), bool(run["learnt"])) for run in data_report.get(EXAMPLE, [])]
    return DataView(data_summary(data_report), SPLITS, lines, example)


SECTION = Section(
    name="data", inputs=("data_report",), build=build, template="sections/data.html.j2"
)
