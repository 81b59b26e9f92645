"""A section of the report: the classes with the fewest examples in the training split."""

from dataclasses import dataclass
from typing import Any

from stillroom.reporting.section import Section

SHOWN = 3


@dataclass(frozen=True)
class RareClasses:
    """What the template shows: how many classes there are, and the rarest with their examples."""

    count: int
    rarest: list[tuple[str, int]]


def build(data_report: dict[str, Any]) -> RareClasses | None:
    """Return the rarest classes, the rarest first; None for running text, which has no classes."""
    counts = data_report.get("classes", {}).get("train")
    if not counts:
        return None
    return RareClasses(len(counts), sorted(counts.items(), key=lambda pair: pair[1])[:SHOWN])


SECTION = Section(
    name="rare_classes",
    inputs=("data_report",),
    build=build,
    template="rare_classes.html.j2",
)
