"""The sections of the page by name: those built in, and those of installed packages.

report.sections ──sections_of──> the sections, in the order of the page
"""

import logging
from collections.abc import Iterable

from stillroom.errors import ConfigError
from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import Registry
from stillroom.reporting.section import Section

logger = logging.getLogger(__name__)

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
        "turns": "stillroom.reporting.sections.answers.turns:SECTION",
        "answers": "stillroom.reporting.sections.answers.answers:SECTION",
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
    KindContract("stillroom.reporting.section:Section", is_instance=True, own_name="name"),
)


def sections_of(names: Iterable[str]) -> list[Section]:
    """Return the sections of these names, in this order.

    Raises:
        ConfigError: there is no section of a name, or what a package gives is not one.
    """
    return [REGISTRY.load(name) for name in names]


def every_input() -> list[str]:
    """Return the inputs of all sections that are installed, each once.

    Every command that runs a stage needs them. A section that cannot be loaded must not stop a run
    that does not show it, so it is left out; one that `report.sections` lists is refused before.
    """
    inputs: dict[str, None] = {}
    for name in REGISTRY:
        try:
            inputs |= dict.fromkeys(REGISTRY.load(name).inputs)
        except ConfigError as error:
            logger.warning("A section of the report is left out. %s", error)
    return list(inputs)
