"""Registries: built-in kinds, kinds of packages, and what is refused."""

from pathlib import Path

import pytest
from support.plug_in.install import install

from stillroom.errors import ConfigError
from stillroom.kinds.kind_contract import KindContract
from stillroom.registry import HOMES, Registry, registry_of

TABLE = {"json": "json:JSONDecoder", "path": "pathlib:Path"}
ANY = KindContract("builtins:object")


def registry(monkeypatch: pytest.MonkeyPatch, folder: Path, *lines: str) -> Registry[object]:
    """Return a registry of the group "readers"; a package in the folder has the entry points."""
    install(folder, "[stillroom.readers]\n" + "\n".join(lines))
    monkeypatch.syspath_prepend(str(folder))
    return Registry("readers", "a reader", TABLE, ANY)


def test_built_in_kinds_are_loaded_by_name() -> None:
    assert Registry("readers", "a reader", TABLE, ANY).load("path") is Path


def test_a_package_adds_a_kind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    readers = registry(monkeypatch, tmp_path, "fractions = fractions:Fraction")
    assert list(readers) == ["json", "path", "fractions"]
    assert readers.load("fractions") is __import__("fractions").Fraction


def test_an_unknown_name_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readers = registry(monkeypatch, tmp_path, "fractions = fractions:Fraction")
    with pytest.raises(ConfigError, match=r"data\.reader is fraction, which") as info:
        readers.require("fraction", "data.reader")
    assert "Did you mean fractions? Allowed: json, path, fractions." in str(info.value)
    with pytest.raises(ConfigError, match="is not a reader"):
        readers.load("fraction")


def test_the_name_of_a_built_in_kind_cannot_be_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readers = registry(monkeypatch, tmp_path, "json = fractions:Fraction")
    with pytest.raises(ConfigError, match=r"stillroom-example 1\.0 and Stillroom both have"):
        list(readers)


def test_two_packages_cannot_share_a_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    readers = registry(monkeypatch, tmp_path / "a", "tables = fractions:Fraction")
    install(tmp_path / "b", "[stillroom.readers]\ntables = decimal:Decimal", name="other")
    monkeypatch.syspath_prepend(str(tmp_path / "b"))
    with pytest.raises(ConfigError) as info:
        list(readers)
    assert "other 1.0" in str(info.value)
    assert "stillroom-example 1.0" in str(info.value)


def test_a_package_that_cannot_be_imported_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readers = registry(monkeypatch, tmp_path, "tables = no_such_module:Table")
    with pytest.raises(ConfigError, match=r"stillroom-example 1.0 cannot be imported.*no_such"):
        readers.load("tables")


def test_the_error_of_an_import_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    readers = registry(monkeypatch, tmp_path, "tables = stillroom_broken:Table")
    code = "raise ImportError('no library.\\n\\n  Install it.')"
    (tmp_path / "stillroom_broken.py").write_text(code, encoding="utf-8")
    with pytest.raises(ConfigError, match=r": ImportError: no library\. Install it\.\. Install wh"):
        readers.load("tables")


@pytest.mark.parametrize("group", HOMES)
def test_every_built_in_kind_of_every_table_exists(group: str) -> None:
    table = registry_of(group)
    assert table.group == group
    assert table.builtin
    for name in table.builtin:
        assert table.load(name) is not None
