"""Cost section: how much less the student takes than its teacher, and what the run took."""

from typing import TYPE_CHECKING

from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.sections.results.cost_view import CostView


def build(cost: GroupedNumbers) -> "CostView":
    """Return the savings of the student and the cost of the run."""
    from stillroom.reporting.sections.results.cost_view import cost_view

    return cost_view(cost)


SECTION = Section(name="cost", inputs=("cost",), build=build, template="sections/cost.html.j2")
