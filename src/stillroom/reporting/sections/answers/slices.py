"""Slices section: what the student loses against its teacher on each group of test examples."""

from typing import TYPE_CHECKING, Any

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.sections.answers.slices_view import SlicesView


def build(slices: dict[str, Any]) -> "SlicesView":
    """Return the figure of the slices, and how many there are.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    from stillroom.reporting.sections.answers.slices_view import slices_view

    return slices_view(slices)


SECTION = Section(
    name="slices", inputs=("slices",), build=build, template="sections/slices.html.j2"
)
