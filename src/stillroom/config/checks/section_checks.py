"""Check the section `report`: each section of the page exists, and stands there once."""

from collections.abc import Mapping
from typing import Any

from stillroom.errors import ConfigError
from stillroom.registry import registry_of


def check_sections(report: Mapping[str, Any]) -> None:
    """Check the names of the sections.

    Raises:
        ConfigError: a name is unknown, or is listed twice.
    """
    names, known = report["sections"], registry_of("sections")
    for name in names:
        known.require(name, "report.sections")
        if names.count(name) > 1:
            raise ConfigError(f"report.sections lists {name} twice. Remove one of them.")
