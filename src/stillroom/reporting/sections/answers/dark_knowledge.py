"""Dark knowledge section: which classes the teachers find similar, and what the student learned."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.reporting.section import Section

if TYPE_CHECKING:
    from stillroom.reporting.sections.answers.dark_knowledge_view import DarkKnowledgeView


def build(dark_knowledge: dict[str, Any], encoder: Path) -> "DarkKnowledgeView | None":
    """Return figures and sentences; None for a language model, which has no classes.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    from stillroom.data.encoders import read_encoder
    from stillroom.reporting.sections.answers.dark_knowledge_view import dark_knowledge_view

    return dark_knowledge_view(dark_knowledge) if read_encoder(encoder).classes else None


SECTION = Section(
    name="dark_knowledge",
    inputs=("dark_knowledge", "encoder"),
    build=build,
    template="sections/dark_knowledge.html.j2",
)
