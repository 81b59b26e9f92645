"""Data section: what was read, what was dropped, and why."""

from typing import Any

from stillroom.reporting.section import Section


def build(data_report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of the table."""
    from stillroom.reporting.key_values import condensed

    return condensed(data_report)


SECTION = Section(
    name="data", inputs=("data_report",), build=build, template="sections/data.html.j2"
)
