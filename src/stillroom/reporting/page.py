"""Page: sections and the documents of a run in, one self-contained HTML page out.

    documents ──each section's build──> views ──each section's template──> report.html.j2 ──> str

The templates escape everything that comes from data, above all the names of classes. They do not
escape the SVG of our own figures, whose text is escaped when it is drawn.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from stillroom.errors import ConfigError, StillroomError
from stillroom.reporting.section import Section

TEMPLATES = Path(__file__).parent / "templates"
FRAME = "report.html.j2"
PACKAGE = "stillroom"


@dataclass(frozen=True, slots=True)
class _Part:
    """A section with its view and its HTML."""

    section: Section
    view: Any
    html: Markup


def page(sections: Iterable[Section], documents: Mapping[str, Any]) -> str:
    """Return the HTML page.

    Args:
        sections: in the order of the page.
        documents: the content of the catalog's entries, by name.

    Raises:
        ConfigError: a section of a package cannot be built, or a template is missing.
        StillroomError: a section refuses a document, with the error's own class.
    """
    parts = [part for section in sections if (part := _part(section, documents))]
    headlines = [part.view.headline for part in parts if hasattr(part.view, "headline")]
    regions = {
        region: [part.html for part in parts if part.section.region == region]
        for region in ("header", "main")
    }
    frame = environment([TEMPLATES]).get_template(FRAME)
    return frame.render(headline=headlines[0] if headlines else None, **regions)


def environment(folders: Iterable[Path]) -> Environment:
    """Return the environment that renders the templates of some folders."""
    return Environment(
        loader=FileSystemLoader(list(folders)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def html_of(section: Section, view: Any) -> Markup:
    """Return a section's view as its template shows it.

    Raises:
        ConfigError: the section's template, or one that it includes, is missing.
    """
    folders = [*_template_folders(section), TEMPLATES]
    try:
        template = environment(folders).get_template(section.template)
        return Markup(template.render(view=view))
    except TemplateNotFound as error:
        raise ConfigError(
            f"the template {error.name} is missing in {', '.join(map(str, folders))}. Add it, or "
            "correct the section's `template`."
        ) from error


def _part(section: Section, documents: Mapping[str, Any]) -> _Part | None:
    """Return a section with its HTML; None if it has nothing to show."""
    with _named(section):
        view = section.build(**{name: documents[name] for name in section.inputs})
        return None if view is None else _Part(section, view, html_of(section, view))


@contextmanager
def _named(section: Section) -> Iterator[None]:
    """Add the section's name to an error."""
    try:
        yield
    except StillroomError as error:
        raise type(error)(f"The section {section.name} of the report: {error}") from error
    except Exception as error:  # code of another package may raise anything
        module = section.build.__module__
        if module.partition(".")[0] == PACKAGE:
            error.add_note(f"in the section {section.name} of the report")
            raise
        raise ConfigError(
            f"The section {section.name} of the report failed in {module}: "
            f"{type(error).__name__}: {error}. Correct it, or remove {section.name} from "
            "report.sections."
        ) from error


def _template_folders(section: Section) -> Iterator[Path]:
    """Yield the folders `templates` of the package with a section's build, and of those above."""
    spec = sys.modules[section.build.__module__].__spec__
    package = spec.parent if spec else None
    while package:
        yield from (Path(place) / "templates" for place in sys.modules[package].__path__)
        package = package.rpartition(".")[0]
