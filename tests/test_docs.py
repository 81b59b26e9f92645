"""The documents name files, headings and modules that exist."""

import importlib
import importlib.util
import re
from pathlib import Path

import pytest

from stillroom.registry import HOMES, PREFIX

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SOURCE = re.compile(r"\b(?:src|tests|benchmarks|conf|notebooks)/[\w/.-]++(?![*{<…])")
DOTTED = re.compile(r"(?<![\w./-])stillroom(?:\.[a-z_]\w*)+(?![\w/-])")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
SALTS = {"stillroom.examp1", "stillroom.input2", "stillroom.unit.1"}  # of hashes
NOT_MODULES = SALTS | {PREFIX + group for group in HOMES}


def anchors(page: Path) -> set[str]:
    """Return GitHub's link target of each heading."""
    titles = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def missing_links(page: Path) -> list[str]:
    """Return the targets of links that lead to no file or heading."""
    missing = []
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (heading and heading not in anchors(file)):
            missing.append(target)
    return missing


def missing_paths(page: Path) -> list[str]:
    """Return the paths of the project's own folders that do not exist."""
    text = re.sub(r"https?://\S+", "", page.read_text(encoding="utf-8"))
    paths = {path.rstrip("./-") for path in SOURCE.findall(text)}
    return sorted(path for path in paths if not (ROOT / path).exists())


def is_name(dotted: str) -> bool:
    """Return whether a dotted name is a module, or is defined in one."""
    module, _, name = dotted.rpartition(".")
    for candidate in (dotted, module):
        try:
            if importlib.util.find_spec(candidate) is not None:
                return candidate == dotted or hasattr(importlib.import_module(module), name)
        except ModuleNotFoundError:
            continue
    return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert missing_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_path_of_the_project_exists(page: Path) -> None:
    assert missing_paths(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_module_exists(page: Path) -> None:
    names = set(DOTTED.findall(page.read_text(encoding="utf-8"))) - NOT_MODULES
    assert sorted(name for name in names if not is_name(name)) == []


def test_missing_links_paths_and_modules_are_detected(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A title: one\n[a](#a-title-one) [b](#two) [c](gone.md)\n"
        "`src/stillroom/gone.py` `src/stillroom/errors.py`\n"
    )
    assert missing_links(page) == ["#two", "gone.md"]
    assert missing_paths(page) == ["src/stillroom/gone.py"]
    assert is_name("stillroom.errors.nearest")
    assert not is_name("stillroom.errors.furthest")
    assert not is_name("stillroom.gone.x")
