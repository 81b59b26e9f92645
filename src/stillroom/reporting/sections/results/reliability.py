"""Reliability section: how often an answer is right, compared with how sure the model was."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.table_rows import Measure


@dataclass(frozen=True, slots=True)
class ReliabilityView:
    """What the template shows.

    Attributes:
        figures: an SVG for each model.
        titles: the names of the models, one for each column of the table.
        calibration: the rows before and after temperature scaling; empty without a temperature.
    """

    figures: list[str]
    titles: list[str]
    calibration: "tuple[Measure, ...]"


def build(reliability: list[dict[str, Any]], metrics: GroupedNumbers) -> ReliabilityView:
    """Return the reliability diagrams, and what a temperature would change."""
    from stillroom.evaluation.plot_records import DRAWN
    from stillroom.reporting import figures
    from stillroom.reporting.display_names import title
    from stillroom.reporting.table_rows import calibration_measures, models_of

    return ReliabilityView(
        figures=[figures.reliability(model, reliability).svg(f"r-{model}") for model in DRAWN],
        titles=[title(model) for model in models_of(metrics)],
        calibration=calibration_measures(metrics),
    )


SECTION = Section(
    name="reliability",
    inputs=("reliability", "metrics"),
    build=build,
    template="sections/reliability.html.j2",
)
