"""MkDocs' hooks: the pages that are generated, and the checks of the built site."""

from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

from docs.site.outside_requests import outside_requests
from docs.site.repository_links import (
    DOCS,
    INDEX,
    README,
    api_page,
    linked_paths,
    source_pages,
    with_site_links,
)

ROOT = Path(__file__).resolve().parents[2]


def on_config(config: MkDocsConfig) -> None:
    """Put a page for each module of `extra.api` where the navigation says `api`."""
    groups = [
        {group: [{module.rpartition(".")[2]: api_page(module)} for module in modules]}
        for group, modules in config.extra["api"].items()
    ]
    for entry in config.nav or []:
        if "api" in entry.values():
            entry.update(dict.fromkeys(entry, groups))


def api_modules(config: MkDocsConfig) -> list[str]:
    """Return the modules that have a page of the reference."""
    return [module for modules in config.extra["api"].values() for module in modules]


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the README as first page, the API's pages, and those of linked source files."""
    readme = (ROOT / README).read_text("utf-8")
    files.append(File.generated(config, INDEX, content=readme))
    for module in api_modules(config):
        text = f"---\ntitle: {module}\n---\n\n::: {module}\n"
        files.append(File.generated(config, api_page(module), content=text))
    paths = set(linked_paths(readme, README))
    for file in files.documentation_pages():
        paths.update(linked_paths(file.content_string, f"{DOCS}/{file.src_uri}"))
    sources = {path for path in paths if path != README and not path.startswith(f"{DOCS}/")}
    for name, text in source_pages(ROOT, sources).items():
        files.append(
            File.generated(config, name, content=text, inclusion=InclusionLevel.NOT_IN_NAV)
        )


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: Any) -> str:
    """Make the links of a page of the repository links of the site."""
    if page.file.generated_by and page.file.src_uri != INDEX:
        return markdown
    path = README if page.file.src_uri == INDEX else f"{DOCS}/{page.file.src_uri}"
    return with_site_links(markdown, path, api_modules(config))


def on_post_build(config: MkDocsConfig) -> None:
    """Refuse a site that would load something from another host."""
    requests = list(outside_requests(Path(config.site_dir)))
    if requests:
        raise PluginError("The site would load from other hosts:\n  " + "\n  ".join(requests))
