"""Checks of the catalog: the type of each entry, its keys, and where it writes.

catalog ──type in TYPES──> keys of the type ──filepath in the project──> catalog, or one line

Kedro imports whatever class an entry names. So the types are a list, and they are checked before
Kedro creates a dataset.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stillroom.errors import ConfigError, nearest
from stillroom.io.files.confined_paths import confined

FIGURE = "figure"
EVERY = ("type", "metadata")
FILE = ("filepath",)
_OWN = "stillroom.io.datasets."
# The allowed types, with the keys that each must have. They read and write plain data: no type of
# this list runs code that a file holds, or has an option that names a class.
TYPES: Mapping[str, tuple[str, ...]] = {
    f"{_OWN}parquet_table.Table": FILE,
    f"{_OWN}parquet_table.PartedTable": FILE,
    f"{_OWN}published_folder.Folder": FILE,
    f"{_OWN}json_document.Document": FILE,
    f"{_OWN}json_document.FigureDocument": (*FILE, FIGURE),
    f"{_OWN}json_document.Page": FILE,
    f"{_OWN}metrics_table.Metrics": FILE,
    f"{_OWN}records_plot.RecordsPlot": (*FILE, FIGURE),
    "stillroom.pipelines.capture.datasets.UnverifiedLabels": FILE,
    "stillroom.pipelines.capture.datasets.SoftLabels": FILE,
    "MemoryDataset": (),
    "kedro.io.MemoryDataset": (),
    "json.JSONDataset": FILE,
    "kedro_datasets.json.JSONDataset": FILE,
    "text.TextDataset": FILE,
    "kedro_datasets.text.TextDataset": FILE,
}
# Why a key that Kedro knows is not allowed; the others are named as unknown.
REFUSED = {
    "versioned": "DVC keeps the versions",
    "version": "DVC keeps the versions",
    "credentials": "no allowed type reads from a service",
    "fs_args": "files lie on the local disk",
    "load_args": "the types have no options",
    "save_args": "the types have no options",
    "validator": "it would name a class to import",
}
# An artifact there would replace the project itself, its history, or the user's own data.
PROTECTED = (
    ".ci",
    ".dvc",
    ".git",
    ".github",
    ".venv",
    "conf",
    "docs",
    "src",
    "tests",
    "data/01_raw",
)


def check_catalog(catalog: Mapping[str, Any], root: Path) -> None:
    """Check every entry of the catalog.

    Args:
        catalog: the entries with interpolations resolved.
        root: the project's folder.

    Raises:
        ConfigError: names the entry, what is not allowed, and what is.
    """
    for name, entry in catalog.items():
        _check_name(str(name))
        if not isinstance(entry, Mapping):
            raise ConfigError(
                f"catalog entry {name} is {entry!r}; it must be a section with a type and a "
                "filepath."
            )
        _check_keys(str(name), entry)
        if "filepath" in entry:
            _check_path(str(name), entry["filepath"], root)


def _check_name(name: str) -> None:
    if "{" in name:
        raise ConfigError(
            f"catalog entry {name} is a pattern. Stillroom reads no patterns: write an entry for "
            "each name."
        )
    if "@" in name:
        raise ConfigError(
            f"catalog entry {name} has a second type after @. Stillroom reads each artifact as one "
            f"type: name the entry {name.partition('@')[0]}."
        )
    if name == "parameters" or name.startswith("params:"):
        raise ConfigError(
            f"catalog entry {name} has the name of a parameter. Set parameters in params.yaml or "
            "with --params."
        )


def _check_keys(name: str, entry: Mapping[str, Any]) -> None:
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        raise ConfigError(
            f"catalog entry {name} has the type {kind!r}, which is not allowed."
            f"{nearest(str(kind), list(TYPES))} Allowed are Stillroom's own types (see "
            "conf/base/catalog.yml), MemoryDataset, json.JSONDataset and text.TextDataset."
        )
    allowed = [*EVERY, *TYPES[kind]]
    for key in map(str, entry):
        if key not in allowed:
            why = f", because {REFUSED[key]}" if key in REFUSED else ""
            raise ConfigError(
                f"catalog entry {name} has the key {key}, which is not allowed{why}. Allowed: "
                f"{', '.join(allowed)}."
            )
    for key in TYPES[kind]:
        if not isinstance(entry.get(key), str):
            raise ConfigError(
                f"catalog entry {name} needs {key}, which is a text, because its type is {kind}."
            )
    if not isinstance(entry.get("metadata", {}), Mapping):
        raise ConfigError(f"catalog entry {name}: metadata must be a section with keys and values.")


def _check_path(name: str, filepath: str, root: Path) -> None:
    """Check that a path is local, inside the project, and not the project's own files."""
    if ":" in filepath or not filepath.isprintable() or not filepath.strip():
        raise ConfigError(
            f"catalog entry {name}: {filepath!r} is not a path on this disk. Choose a path inside "
            "the project, without a colon."
        )
    try:
        path = confined(filepath, root)
    except ConfigError as error:
        raise ConfigError(f"catalog entry {name}: {error}") from error
    inside = path.relative_to(root.resolve())
    is_protected = any(inside.is_relative_to(one) for one in PROTECTED)
    if is_protected or len(inside.parts) < 2:  # params.yaml and dvc.lock lie at the top
        raise ConfigError(
            f"catalog entry {name}: {filepath} would replace files of the project itself. Choose a "
            "path inside a folder such as data/."
        )
