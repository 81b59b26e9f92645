"""Section: one part of the page, from the documents of a run to a view that its template shows.

documents ──build──> view ──template──> HTML
"""

from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, Literal

from stillroom.errors import ConfigError


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
    """

    name: str
    inputs: tuple[str, ...]
    build: Callable[..., Any]
    template: str
    region: Literal["header", "main"] = "main"

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
