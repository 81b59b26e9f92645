"""Continuations section: how each language model continues the beginning of a text."""

from typing import Any

from stillroom.reporting.section import Section

# The beginning of a text; then who continues it, and how.
Continuation = tuple[str, list[tuple[str, str]]]


def build(continuations: list[dict[str, Any]]) -> list[Continuation] | None:
    """Return the continuations of each beginning, the text's own first; None without any."""
    from stillroom.evaluation.plot_records import DRAWN
    from stillroom.reporting.display_names import title

    who = {"text": "The text itself"} | {model: title(model) for model in DRAWN}
    return [
        (str(record["beginning"]), [(name, str(record[key])) for key, name in who.items()])
        for record in continuations
    ] or None


SECTION = Section(
    name="continuations",
    inputs=("continuations",),
    build=build,
    template="sections/continuations.html.j2",
)
