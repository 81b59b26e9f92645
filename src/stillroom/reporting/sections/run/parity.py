"""Parity section: whether the exported student gives the same answers as the trained one."""

from stillroom.io.json.number_groups import NamedNumbers
from stillroom.reporting.section import Section


def build(parity: NamedNumbers) -> NamedNumbers:
    """Return the document as it is: the largest difference, the tolerance, and the inputs."""
    return parity


SECTION = Section(
    name="parity", inputs=("parity",), build=build, template="sections/parity.html.j2"
)
