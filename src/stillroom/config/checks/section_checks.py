"""Check the section `report`: each section exists, stands there once, and can be shown.

report.sections ──registry──> sections ──templates, entries of the catalog──> ConfigError
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillroom.errors import ConfigError
from stillroom.io.yaml_files import read_yaml
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


def check_foreign_sections(report: Mapping[str, Any], root: Path) -> None:
    """Check the templates and the inputs of those sections that come from other packages.

    The page is the last stage. What a section lacks must be known before the first one runs.

    Args:
        report: the section `report`, whose names were checked.
        root: the folder of the project, whose catalog has the inputs.

    Raises:
        ConfigError: a section cannot be loaded, its template is missing, or it has an input that is
            not an entry of the catalog.
    """
    known = registry_of("sections")
    foreign = [name for name in report["sections"] if name in known.plug_ins]
    entries = _entries(root) if foreign else []
    for name in foreign:
        known.load(name).require_usable(entries)


def _entries(root: Path) -> list[str]:
    """Return the names of the catalog's entries."""
    files = sorted((root / "conf").glob("*/catalog*.yml"))
    return [name for file in files for name in read_yaml(file) or ()]
