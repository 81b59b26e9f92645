"""One digest of all code that a program can reach."""

from importlib import invalidate_caches
from pathlib import Path

import pytest

from stillroom.config.code_digest.closure import SourceTree
from stillroom.config.code_digest.digest import CodeDigests

TABLE = 'R = Registry("sparsifiers", "a sparsifier", {"a": "p.kind:K"})\n'


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    files = {"__init__": "", "a": "import p.page", "b": "x = 1", "page": "", "kind": "", "t": TABLE}
    for name, source in files.items():
        (folder / f"{name}.py").write_text(source)
    (folder / "templates").mkdir()
    (folder / "templates" / "one.j2").write_text("one")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def of(package: Path, *modules: str) -> str:
    invalidate_caches()
    return CodeDigests(SourceTree(package)).of(modules)


def test_it_is_a_digest_of_what_is_reached(package: Path) -> None:
    before, other = of(package, "p.a"), of(package, "p.b")
    assert len(before) == 64
    (package / "b.py").write_text("x = 2")
    assert (of(package, "p.a"), of(package, "p.b") == other) == (before, False)
    (package / "templates" / "one.j2").write_text("two")
    assert of(package, "p.a") != before


def test_it_does_not_depend_on_the_order_of_the_modules(package: Path) -> None:
    assert of(package, "p.a", "p.b") == of(package, "p.b", "p.a", "p.b")


def test_an_installed_plug_in_counts_where_its_table_is_reached(package: Path) -> None:
    before, without = of(package, "p.t"), of(package, "p.a")
    (package.parent / "plug.py").write_text("ALPHA = 1")
    folder = package.parent / "plug-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: plug\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[stillroom.sparsifiers]\nb = plug:B\n")
    installed = of(package, "p.t")
    (package.parent / "plug.py").write_text("ALPHA = 2")
    edited = of(package, "p.t")
    assert len({before, installed, edited}) == 3
    (package.parent / "plug.py").write_text("ALPHA = 2  # the better one")
    assert of(package, "p.t") == edited
    assert of(package, "p.a") == without
