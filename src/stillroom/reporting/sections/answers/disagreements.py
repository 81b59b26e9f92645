"""Disagreements section: the examples on which student and teacher differ most."""

from typing import TYPE_CHECKING, Any

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.sections.answers.disagreements_view import DisagreementsView


def build(disagreements: dict[str, Any]) -> "DisagreementsView":
    """Return the examples with both answers.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    from stillroom.reporting.sections.answers.disagreements_view import disagreements_view

    return disagreements_view(disagreements)


SECTION = Section(
    name="disagreements",
    inputs=("disagreements",),
    build=build,
    template="sections/disagreements.html.j2",
)
