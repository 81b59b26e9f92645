"""Hooks: a catalog that would write outside of the project is refused."""

from pathlib import Path

import pytest

from stillroom.errors import ConfigError
from stillroom.hooks import ConfineCatalog


@pytest.mark.parametrize("path", ["/etc/passwd", "../elsewhere/a.json", "data/../../a.json"])
def test_an_entry_outside_of_the_project_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(ConfigError, match=r"catalog entry metrics: .* outside of the project"):
        ConfineCatalog().after_catalog_created({"metrics": {"filepath": path}})


@pytest.mark.parametrize(
    "entry",
    [
        {"filepath": "file:///tmp/x.json"},
        {"filepath": "s3://bucket/x.json"},
        {"type": "partitions.PartitionedDataset", "path": "/tmp"},
        {"dataset": {"type": "json.JSONDataset", "filepath": "/tmp/x.json"}},
    ],
)
def test_urls_and_nested_places_are_refused_too(
    project: Path, monkeypatch: pytest.MonkeyPatch, entry: dict[str, object]
) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(ConfigError, match="catalog entry mine: "):
        ConfineCatalog().after_catalog_created({"mine": entry})


def test_entries_inside_pass(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    entries = {"metrics": {"filepath": str(project / "data" / "a.json")}, "memory": {"type": "x"}}
    ConfineCatalog().after_catalog_created(entries)
    ConfineCatalog().after_catalog_created(None)
