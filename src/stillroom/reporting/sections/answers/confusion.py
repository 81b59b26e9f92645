"""Confusion section: which classes each model confuses."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.sections.answers.confusion_view import ConfusionView


def build(confusion: list[dict[str, Any]], encoder: Path) -> "ConfusionView | None":
    """Return the matrix of each model; None for a language model, which has no classes.

    Raises:
        DataError: the records name an unknown class, or lack a model.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.reporting.sections.answers.confusion_view import confusion_view

    classes = list(read_encoder(encoder).classes)
    return confusion_view(confusion, classes) if classes else None


SECTION = Section(
    name="confusion",
    inputs=("confusion", "encoder"),
    build=build,
    template="sections/confusion.html.j2",
)
