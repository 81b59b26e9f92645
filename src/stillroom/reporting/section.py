"""Section: one part of the page, from the documents of a run to a view that its template shows.

documents ──build──> view ──template──> HTML
"""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, Literal

from stillroom.errors import ConfigError, nearest

TEMPLATES = Path(__file__).parent / "templates"
PARAMETERS = "parameters"  # an input that is no entry of the catalog


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page.

    Attributes:
        name: the name under which `report.sections` lists it.
        inputs: the entries of the catalog that it shows; `parameters` are all parameters.
        build: takes these by name, and returns the view: all that the template shows. None: there
            is nothing to show, so the page leaves the section out. If a view has the attribute
            `headline`, it becomes the title of the page.
        template: a Jinja template, which gets the view as `view`. It stands in a folder `templates`
            beside the module of `build`, or in a package above that.
        region: the part of the page where it stands: above the content, or in it.
        concludes: it says in words how good the student is, so it is left out under an alarm.
    """

    name: str
    inputs: tuple[str, ...]
    build: Callable[..., Any]
    template: str
    region: Literal["header", "main"] = "main"
    concludes: bool = False

    def __post_init__(self) -> None:
        """Refuse inputs that `build` does not take.

        Raises:
            ConfigError: names the section.
        """
        try:
            signature(self.build).bind(**dict.fromkeys(self.inputs))
        except TypeError as error:
            raise ConfigError(
                f"The section {self.name} of the report has the inputs {', '.join(self.inputs)}, "
                f"but its build cannot be called with them: {error}. Give both the same names."
            ) from error

    def template_folders(self) -> list[Path]:
        """Return the folders in which the template is looked for, in this order.

        They are the folders `templates` of the package with `build` and of those above it, then
        the one with what all sections share.
        """
        folders: list[Path] = []
        spec = sys.modules[self.build.__module__].__spec__
        package = spec.parent if spec else None
        while package:
            folders += (Path(place) / "templates" for place in sys.modules[package].__path__)
            package = package.rpartition(".")[0]
        return [*folders, TEMPLATES]

    def require_usable(self, entries: Collection[str]) -> None:
        """Refuse a section without its template, or with inputs that nobody writes.

        Args:
            entries: the entries of the catalog.

        Raises:
            ConfigError: names the template or the input.
        """
        folders = self.template_folders()
        if not any((folder / self.template).is_file() for folder in folders):
            raise ConfigError(
                f"The section {self.name} of the report has the template {self.template}, which "
                f"is missing in {', '.join(map(str, folders))}. Add it, or correct the section's "
                "`template`."
            )
        for name in self.inputs:
            if name not in entries and name != PARAMETERS:
                raise ConfigError(
                    f"The section {self.name} of the report has the input {name}, which is not an "
                    f"entry of the catalog.{nearest(name, list(entries))} Allowed: "
                    f"{', '.join(sorted(entries))}, {PARAMETERS}."
                )
