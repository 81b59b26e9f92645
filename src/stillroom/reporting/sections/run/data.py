"""Data section: what was read, guessed, converted and left out, and what each split has."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.data.data_summary import DataSummary


@dataclass(frozen=True, slots=True)
class DataView:
    """What the template shows.

    Attributes:
        summary: the facts.
        splits: the names of the splits, one for each column.
        everything: each line of the report of ingest, as key and value.
    """

    summary: "DataSummary"
    splits: tuple[str, ...]
    everything: list[tuple[str, str]]


def build(data_report: dict[str, Any]) -> DataView:
    """Return the summary of the report of ingest, and all of its lines."""
    from stillroom.data.ingest.splits import SPLITS
    from stillroom.reporting.data.data_summary import data_summary
    from stillroom.reporting.key_values import condensed

    return DataView(data_summary(data_report), SPLITS, condensed(data_report))


SECTION = Section(
    name="data", inputs=("data_report",), build=build, template="sections/data.html.j2"
)
