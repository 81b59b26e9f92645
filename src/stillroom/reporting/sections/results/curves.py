"""Curves section: the validation split after each epoch, as a figure for each measure."""

from typing import Any

from stillroom.reporting.section import Section

Records = list[dict[str, Any]]


def build(student_curves: Records, teacher_curves: Records) -> list[str]:
    """Return an SVG for each measure of the students, then of the teachers that were trained."""
    from stillroom.reporting import figures

    return [
        figures.learning_curves(whose, records, measure).svg(f"{whose.lower()}-{measure}")
        for whose, records in (("Students", student_curves), ("Teachers", teacher_curves))
        if records
        for measure in ("validation_nll", "validation_accuracy")
    ]


SECTION = Section(
    name="curves",
    inputs=("student_curves", "teacher_curves"),
    build=build,
    template="sections/curves.html.j2",
)
