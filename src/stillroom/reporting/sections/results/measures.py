"""Measures section: the table with the quality and the cost of each model."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.table_rows import Measure


@dataclass(frozen=True, slots=True)
class MeasuresView:
    """What the template shows.

    Attributes:
        titles: the names of the models, one for each column.
        measures: the rows.
        intervals: the 95% interval of each model's accuracy.
        tests: how many examples of the test split there are.
        unit: what such an example is, in the plural.
        seeds: how many seeds there are, in words.
    """

    titles: list[str]
    measures: "tuple[Measure, ...]"
    intervals: list[str]
    tests: int
    unit: str
    seeds: str


def build(
    metrics: GroupedNumbers, statistics: dict[str, Any], cost: GroupedNumbers
) -> MeasuresView:
    """Return the table."""
    from stillroom.evaluation.statistics.evidence import Evidence
    from stillroom.reporting.display_names import title
    from stillroom.reporting.table_rows import cost_measures, models_of, quality_measures
    from stillroom.reporting.units import POINTS
    from stillroom.reporting.verdict.verdict import of_seeds

    evidence, models = Evidence.from_json(statistics), models_of(metrics)
    return MeasuresView(
        titles=[title(model) for model in models],
        measures=quality_measures(metrics) + cost_measures(cost),
        intervals=[POINTS.interval(evidence.accuracy.arms[model]) for model in models],
        tests=evidence.examples,
        unit=f"{evidence.unit}s",
        seeds=of_seeds(evidence),
    )


SECTION = Section(
    name="measures",
    inputs=("metrics", "statistics", "cost"),
    build=build,
    template="sections/measures.html.j2",
)
