"""Page: sections and the documents of a run in, one self-contained HTML page out.

    documents ──each section's build──> views ──each section's template──> report.html.j2 ──> str
    alarms ──above everything, in place of the verdict─────────────────────────┘

The templates escape everything that comes from data, above all the names of classes. They do not
escape the SVG of our own figures, whose text is escaped when it is drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateNotFound
from markupsafe import Markup

from stillroom.data.notices import counted
from stillroom.errors import ConfigError
from stillroom.io.printable import printable_lines
from stillroom.kinds.kind_errors import named_errors
from stillroom.reporting.section import TEMPLATES, Section

FRAME = "report.html.j2"


@dataclass(frozen=True, slots=True)
class _Part:
    """A section with its view and its HTML."""

    section: Section
    view: Any
    html: Markup


def page(
    sections: Iterable[Section], documents: Mapping[str, Any], alarms: Sequence[str] = ()
) -> str:
    """Return the HTML page.

    Args:
        sections: in the order of the page; under an alarm those that conclude are left out.
        documents: the content of the catalog's entries, by name.
        alarms: as sentences; they stand first.

    Raises:
        ConfigError: a section of a package cannot be built, or a template is missing.
        StillroomError: a section refuses a document, with the error's own class.
    """
    sections = [section for section in sections if not (alarms and section.concludes)]
    parts = [part for section in sections if (part := _part(section, documents))]
    headlines = [part.view.headline for part in parts if hasattr(part.view, "headline")]
    if alarms:
        headlines = ["No verdict: " + counted(len(alarms), "alarm")]
    regions = {
        region: [part.html for part in parts if part.section.region == region]
        for region in ("header", "main")
    }
    frame = environment([TEMPLATES]).get_template(FRAME)
    return frame.render(headline=headlines[0] if headlines else None, alarms=alarms, **regions)


def environment(folders: Iterable[Path]) -> Environment:
    """Return the environment that renders the templates of some folders."""
    return Environment(
        loader=FileSystemLoader(list(folders)),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    """Return what a template prints: a text of data is printable, our own HTML is unchanged."""
    is_text = isinstance(value, str) and not isinstance(value, Markup)
    return printable_lines(str(value)) if is_text else value


def html_of(section: Section, view: Any) -> Markup:
    """Return a section's view as its template shows it.

    Raises:
        ConfigError: the section's template, or one that it includes, is missing.
    """
    folders = section.template_folders()
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
    name = section.name
    with named_errors(
        f"The section {name} of the report",
        section.build.__module__,
        f"remove {name} from report.sections",
    ):
        view = section.build(**{name: documents[name] for name in section.inputs})
        return None if view is None else _Part(section, view, html_of(section, view))
