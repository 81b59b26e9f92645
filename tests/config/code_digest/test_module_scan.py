"""What one module imports, names and makes registries for, found without running it."""

from pathlib import Path

import pytest

from stillroom.config.code_digest.module_scan import ModuleScan, scan
from stillroom.errors import ConfigError


def scanned(tmp_path: Path, source: str, name: str = "p.q.m", file: str = "m.py") -> ModuleScan:
    path = tmp_path / file
    path.write_text(source)
    return scan(path, name)


@pytest.mark.parametrize(
    ("line", "imported"),
    [
        ("import a.b", ("a.b", "a.b")),
        ("import a.b as c", ("a.b", "a.b")),
        ("from a import b", ("a.b", "a")),
        ("from a.b import c as d", ("a.b.c", "a.b")),
        ("from . import b", ("p.q.b", "p.q")),
        ("from .b import c", ("p.q.b.c", "p.q.b")),
        ("from .. import b", ("p.b", "p")),
        ("from ..b import c", ("p.b.c", "p.b")),
    ],
)
@pytest.mark.parametrize(
    "place", ["{}", "def f():\n    {}", "if TYPE_CHECKING:\n    {}", "try:\n    {}\nfinally: x"]
)
def test_an_import_counts_in_any_place(
    tmp_path: Path, place: str, line: str, imported: tuple[str, str]
) -> None:
    assert scanned(tmp_path, place.format(line)).imports == {imported}


def test_in_a_package_a_dot_is_the_package_itself(tmp_path: Path) -> None:
    assert scanned(tmp_path, "from .b import c", "p.q", "__init__.py").imports == {
        ("p.q.b.c", "p.q.b")
    }


def test_a_table_names_modules_in_strings(tmp_path: Path) -> None:
    source = 'KINDS = {"a": "p.kinds.a:A", "b": "p.b:f"}\nTEXT = "see p.c:D, or p.d"\nE = "p:E"'
    assert scanned(tmp_path, source).named == {"p.kinds.a", "p.b"}


@pytest.mark.parametrize(
    "call",
    [
        'Registry("terms", "a term", {})',
        'R = Registry[Term]("terms", "a term", {})',
        'registry.Registry("terms", noun="a term", builtin={})',
        'def f():\n    return registry.Registry[T]("terms", "a term", {})',
    ],
)
def test_a_registry_has_a_group(tmp_path: Path, call: str) -> None:
    assert scanned(tmp_path, call).groups == {"terms"}


def test_other_calls_have_none(tmp_path: Path) -> None:
    source = 'f("terms")\nRegistry.load("terms")\nclass Registry: ...\nx[Registry]("terms")'
    assert scanned(tmp_path, source).groups == frozenset()


def test_a_file_that_is_not_python_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"m\.py is not Python: .*line 2"):
        scanned(tmp_path, "x = 1\ny = (\n")
