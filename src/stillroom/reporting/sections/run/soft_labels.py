"""Soft labels section: what the set of the teachers' answers holds."""

from typing import TYPE_CHECKING

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.softlabels.reading.label_set import SoftLabelSet


def build(soft_labels: "SoftLabelSet") -> list[tuple[str, str]]:
    """Return the lines of the table."""
    from stillroom.reporting.key_values import key_values
    from stillroom.softlabels.reading.set_summary import summary

    return key_values(summary(soft_labels))


SECTION = Section(
    name="soft_labels",
    inputs=("soft_labels",),
    build=build,
    template="sections/soft_labels.html.j2",
)
