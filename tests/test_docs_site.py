"""The documentation site: its links, its pages, and that it loads nothing from another host.

`make docs` builds the site and applies the same checks to it. Nothing here needs MkDocs.
"""

import re
from pathlib import Path

import pytest
import yaml

from docs.site.docstring_markdown import docstring_markdown
from docs.site.outside_requests import outside_requests
from docs.site.repository_links import linked_paths, source_pages, with_site_links

ROOT = Path(__file__).resolve().parents[1]
POLICY = """<meta http-equiv="Content-Security-Policy" content="default-src 'self'">"""


class Loader(yaml.SafeLoader):
    """Reads mkdocs.yml; MkDocs itself resolves the names of Python functions in it."""


Loader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def mkdocs() -> dict[str, object]:
    """Return the content of mkdocs.yml."""
    content: dict[str, object] = yaml.load((ROOT / "mkdocs.yml").read_text(), Loader)
    return content


@pytest.mark.parametrize(
    ("page", "link", "expected"),
    [
        ("README.md", "docs/tour.md#a", "tour.md#a"),
        ("README.md", "docs/images/report.png", "images/report.png"),
        ("docs/tour.md", "../README.md#start", "index.md#start"),
        ("docs/tour.md", "glossary.md", "glossary.md"),
        ("docs/tour.md", "#a", "#a"),
        ("docs/tour.md", "../src/stillroom/no_label.py", "source/src/stillroom/no_label.md"),
        ("docs/tour.md", "../src/stillroom/io/", "source/src/stillroom/io.md"),
        ("docs/tour.md", "../conf/base/catalog.yml", "source/conf/base/catalog.yml.md"),
        ("docs/tour.md", "https://example.org/a.md", "https://example.org/a.md"),
    ],
)
def test_a_link_of_the_repository_becomes_one_of_the_site(
    page: str, link: str, expected: str
) -> None:
    assert with_site_links(f"a [b]({link}) c", page) == f"a [b]({expected}) c"


def test_a_module_of_the_reference_is_linked_there() -> None:
    reference = ["stillroom.io", "stillroom.no_label"]
    text = "[a](../src/stillroom/io/) [b](../src/stillroom/no_label.py) [c](../src/stillroom/a.py)"
    assert with_site_links(text, "docs/x.md", reference) == (
        "[a](api/stillroom.io.md) [b](api/stillroom.no_label.md) [c](source/src/stillroom/a.md)"
    )


def test_links_lead_to_paths_of_the_repository() -> None:
    text = "[a](../src/stillroom/io/) [b](tour.md#c) [d](#e) [f](https://example.org)"
    assert list(linked_paths(text, "docs/x.md")) == ["src/stillroom/io", "docs/tour.md"]


def test_a_folder_has_a_page_and_one_for_each_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "__init__.py").write_text('"""A package."""\n')
    (tmp_path / "a" / "b.py").write_text('"""One | two.\n\nMore."""\n')
    (tmp_path / "a" / "c.yaml").write_text("d: 1\n")
    pages = source_pages(tmp_path, {"a", "gone.py"})
    assert set(pages) == {"source/a.md", "source/a/b.md", "source/a/c.yaml.md"}
    assert "A package.\n" in pages["source/a.md"]
    assert "| [b.py](a/b.md) | One \\| two. |" in pages["source/a.md"]
    assert "{.yaml linenums='1'}\nd: 1\n" in pages["source/a/c.yaml.md"]


def test_doctests_become_code_and_several_names_one_line_each() -> None:
    docstring = "One.\n\n>>> f(1)\n2\n\nArgs:\n    a, b: both\n        of them.\n    c: x, y: z.\n"
    assert docstring_markdown(docstring) == (
        "One.\n\n```pycon\n>>> f(1)\n2\n```\n\n"
        "Args:\n    a: both\n        of them.\n    b: both\n        of them.\n    c: x, y: z.\n"
    )


@pytest.mark.parametrize(
    "load",
    [
        '<script src="https://example.org/x.js"></script>',
        '<link rel="stylesheet" href="//example.org/x.css">',
        '<link rel="preconnect" href="https://example.org/x" crossorigin>',
        '<img srcset="a.png 1x, https://example.org/x.png 2x">',
        '<div style="background: url(https://example.org/x.png)"></div>',
        "<style>@import 'https://example.org/x.css';</style>",
        "<script>fetch('https://example.org/x.json')</script>",
    ],
)
def test_what_a_page_loads_from_another_host_is_found(tmp_path: Path, load: str) -> None:
    (tmp_path / "page.html").write_text(POLICY + load)
    [line] = outside_requests(tmp_path)
    assert re.fullmatch(r"page\.html: (https:)?//example\.org/x[.\w]*", line)


def test_stylesheets_and_scripts_are_searched_too(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a { src: url('https://example.org/a.woff2') }")
    (tmp_path / "b.js").write_text("load(`https://example.org/b.js`)")
    assert list(outside_requests(tmp_path)) == [
        "a.css: https://example.org/a.woff2",
        "b.js: https://example.org/b.js",
    ]


def test_links_and_own_files_are_no_requests(tmp_path: Path) -> None:
    own = '<a href="https://example.org">x</a><script src="a.js"></script><img src="data:,x">'
    (tmp_path / "page.html").write_text(POLICY + own + "<p>url(https://example.org)</p>")
    assert list(outside_requests(tmp_path)) == []


def test_a_page_without_a_policy_is_found(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<p>x</p>")
    assert list(outside_requests(tmp_path)) == ["page.html: no Content-Security-Policy"]


def test_the_theme_has_no_font_and_no_script_of_another_host() -> None:
    settings = mkdocs()
    assert settings["theme"]["font"] is False  # type: ignore[index]
    assert [name for name in settings["extra"]["polyfills"] if "//" in name] == []  # type: ignore[index]


def test_each_module_of_the_reference_exists() -> None:
    groups = mkdocs()["extra"]["api"]  # type: ignore[index]
    modules = [module for group in groups.values() for module in group]
    paths = [ROOT / "src" / Path(*module.split(".")) for module in modules]
    missing = [path for path in paths if not path.is_dir() and not path.with_suffix(".py").exists()]
    assert missing == []
