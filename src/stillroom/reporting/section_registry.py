"""The sections of the page by name: those built in, and those of installed packages.

report.sections ──sections_of──> the sections, in the order of the page
"""

from collections.abc import Iterable

from stillroom.errors import ConfigError
from stillroom.registry import Registry
from stillroom.reporting.section import Section

# In the order of `groups.report=default`.
REGISTRY: Registry[Section] = Registry(
    "sections",
    "a section of the report",
    {
        "verdict": "stillroom.reporting.sections.results.verdict:SECTION",
        "measures": "stillroom.reporting.sections.results.measures:SECTION",
        "curves": "stillroom.reporting.sections.results.curves:SECTION",
        "cost": "stillroom.reporting.sections.results.cost:SECTION",
        "family": "stillroom.reporting.sections.results.family:SECTION",
        "slices": "stillroom.reporting.sections.answers.slices:SECTION",
        "disagreements": "stillroom.reporting.sections.answers.disagreements:SECTION",
        "reliability": "stillroom.reporting.sections.results.reliability:SECTION",
        "confusion": "stillroom.reporting.sections.answers.confusion:SECTION",
        "dark_knowledge": "stillroom.reporting.sections.answers.dark_knowledge:SECTION",
        "continuations": "stillroom.reporting.sections.answers.continuations:SECTION",
        "provenance": "stillroom.reporting.sections.run.provenance:SECTION",
        "data": "stillroom.reporting.sections.run.data:SECTION",
        "soft_labels": "stillroom.reporting.sections.run.soft_labels:SECTION",
        "parity": "stillroom.reporting.sections.run.parity:SECTION",
        "parameters": "stillroom.reporting.sections.run.parameters:SECTION",
    },
)


def sections_of(names: Iterable[str]) -> list[Section]:
    """Return the sections of these names, in this order.

    Raises:
        ConfigError: there is no section of a name, or what a package gives is not one.
    """
    return [_section(name) for name in names]


def every_input() -> list[str]:
    """Return the inputs of all sections that are installed, each once.

    Raises:
        ConfigError: what a package gives is not a section, or cannot be imported.
    """
    inputs = [name for section in sections_of(REGISTRY) for name in section.inputs]
    return list(dict.fromkeys(inputs))


def _section(name: str) -> Section:
    section = REGISTRY.load(name)
    if not isinstance(section, Section) or section.name != name:
        raise ConfigError(
            f"{name} is registered as {REGISTRY.noun}, but it is {section!r:.80}. Register a "
            "Section whose name is the name of the entry point."
        )
    return section
