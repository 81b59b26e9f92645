"""Provenance section: what the student was made from, and on what conditions."""

from typing import TYPE_CHECKING, Any

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.sections.run.provenance_view import ProvenanceView


def build(lineage: dict[str, Any], licence: dict[str, Any]) -> "ProvenanceView":
    """Return the ancestors of the student and the licences of its teachers.

    Raises:
        DataError: a document is malformed.
    """
    from stillroom.reporting.sections.run.provenance_view import provenance_view

    return provenance_view(lineage, licence)


SECTION = Section(
    name="provenance",
    inputs=("lineage", "licence"),
    build=build,
    template="sections/provenance.html.j2",
)
