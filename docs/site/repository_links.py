"""Rewrite the links of the repository's pages so that they work on the site.

    docs/tour.md:  [x](../src/stillroom/no_label.py)    ──>  [x](source/src/stillroom/no_label.md)
    docs/tour.md:  [x](../src/stillroom/registry.py)  ──>  [x](api/stillroom.registry.md)
    README.md:     [x](docs/tour.md#a)                ──>  [x](tour.md#a)

On GitHub a page links to source files and to the README. On the site a source file has its page of
the reference, or else one that shows the file, and the README is the first page. Nothing here
knows MkDocs.
"""

import ast
import posixpath
import re
from collections.abc import Collection, Iterator
from pathlib import Path

LINK = re.compile(r"(?<=\]\()(?!\w+:)([^)\s#]+)(#[^)\s]*)?(?=\))")
README, INDEX, DOCS, SOURCES = "README.md", "index.md", "docs", "source"


def site_page(path: str, reference: Collection[str] = ()) -> str:
    """Return the page of the site that shows a path of the repository.

    Args:
        path: relative to the root of the repository, for example `docs/tour.md`.
        reference: the modules that have a page of the reference.
    """
    if path == README:
        return INDEX
    if path.startswith(f"{DOCS}/"):
        return path.removeprefix(f"{DOCS}/")
    stem = path.removesuffix(".py").removesuffix("/__init__")
    module = stem.removeprefix("src/").replace("/", ".")
    return api_page(module) if module in reference else f"{SOURCES}/{stem}.md"


def api_page(module: str) -> str:
    """Return the page of the reference for a module."""
    return f"api/{module}.md"


def linked_paths(markdown: str, page: str) -> Iterator[str]:
    """Yield the paths of the repository to which a page links.

    Args:
        markdown: the text of the page.
        page: its path, relative to the root of the repository.
    """
    for path, _ in LINK.findall(markdown):
        yield posixpath.normpath(posixpath.join(posixpath.dirname(page), path))


def with_site_links(markdown: str, page: str, reference: Collection[str] = ()) -> str:
    """Return the text of a page of the repository with the site's links.

    Args:
        markdown: the text of the page.
        page: its path, relative to the root of the repository.
        reference: the modules that have a page of the reference.
    """
    folder, start = posixpath.dirname(page), posixpath.dirname(site_page(page)) or "."

    def target(match: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, match[1]))
        return posixpath.relpath(site_page(path, reference), start) + (match[2] or "")

    return LINK.sub(target, markdown)


def source_page(root: Path, path: str) -> str:
    """Return the page that shows a source file, or that lists the files of a folder.

    Args:
        root: the root of the repository.
        path: the file or folder, relative to it.
    """
    front = f"---\ntitle: {path}\nsearch:\n  exclude: true\n---\n\n# {path}\n\n"
    file = root / path
    if file.is_file():
        language = {".py": "python"}.get(file.suffix, file.suffix[1:] or "text")
        return f"{front}```` {{.{language} linenums='1'}}\n{file.read_text('utf-8')}````\n"
    lines = [front + summary(file / "__init__.py"), "", "| file | content |", "|---|---|"]
    for one in files(file):
        page = posixpath.basename(site_page(one.name))
        lines.append(f"| [{one.name}]({file.name}/{page}) | {summary(one)} |")
    return "\n".join(lines)


def files(folder: Path) -> list[Path]:
    """Return the files in a folder, without the `__init__.py` of a package."""
    return sorted(one for one in folder.glob("[!._]*") if one.is_file())


def summary(file: Path) -> str:
    """Return the first line of a module's docstring; "" for another file."""
    if file.suffix != ".py" or not file.exists():
        return ""
    docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return docstring.partition("\n")[0].replace("|", r"\|")


def source_pages(root: Path, paths: set[str]) -> dict[str, str]:
    """Return the pages of source files, name -> text, with those of the files of a folder.

    Args:
        root: the root of the repository.
        paths: the files and folders to which its pages link.
    """
    paths = {path for path in paths if (root / path).exists()}
    for path in list(paths):
        paths |= {f"{path}/{file.name}" for file in files(root / path)}
    return {site_page(path): source_page(root, path) for path in sorted(paths)}
