"""Parameters section: all parameters of the run."""

from typing import Any

from stillroom.reporting.section import Section


def build(parameters: dict[str, Any]) -> list[tuple[str, str]]:
    """Return a line for each parameter."""
    from stillroom.config.schema import plain
    from stillroom.reporting.key_values import key_values

    return key_values(plain(parameters))


SECTION = Section(
    name="parameters",
    inputs=("parameters",),
    build=build,
    template="sections/parameters.html.j2",
)
