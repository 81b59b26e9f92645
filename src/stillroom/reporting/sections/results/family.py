"""Family section: all students of the same soft labels, by quality and cost."""

from typing import TYPE_CHECKING, Any

from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.sections.results.family_view import FamilyView


def build(family: list[dict[str, Any]], cost: GroupedNumbers) -> "FamilyView | None":
    """Return the comparison of the students; None where there is only one student.

    Raises:
        DataError: cost.json belongs to other students.
    """
    from stillroom.reporting.sections.results.family_view import family_view

    return family_view(family, cost) if family else None


SECTION = Section(
    name="family", inputs=("family", "cost"), build=build, template="sections/family.html.j2"
)
