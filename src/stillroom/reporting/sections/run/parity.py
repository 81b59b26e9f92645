"""Parity section: whether the exported student gives the same answers as the trained one."""

from stillroom.io.json.number_groups import NamedNumbers
from stillroom.reporting.section import Section


def build(parity: NamedNumbers) -> NamedNumbers | None:
    """Return the document: the largest difference, the tolerance, and the inputs.

    It is empty if nothing was exported; then there is nothing to show.
    """
    return parity or None


SECTION = Section(
    name="parity", inputs=("parity",), build=build, template="sections/parity.html.j2"
)
