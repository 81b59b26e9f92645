"""Catalog: only the listed types, their own keys, and paths inside the project are allowed."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from stillroom.config.checks.catalog_checks import TYPES, check_catalog
from stillroom.errors import ConfigError

ROOT = Path(__file__).resolve().parents[3]
FILE = {"type": "json.JSONDataset", "filepath": "data/07_reports/a.json"}


def refusal(entry: Any, root: Path, name: str = "mine") -> str:
    with pytest.raises(ConfigError) as error:
        check_catalog({name: entry}, root)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(f"catalog entry {name}")
    return str(error.value)


def test_the_projects_own_catalog_is_allowed() -> None:
    catalog = yaml.safe_load((ROOT / "conf/base/catalog.yml").read_text())
    resolved = {
        name: entry | {"filepath": entry["filepath"].replace("${student:}", "default")}
        for name, entry in catalog.items()
    }
    check_catalog(resolved, ROOT)


def test_every_type_of_the_list_exists_and_is_a_dataset(tmp_path: Path) -> None:
    from kedro.io.core import AbstractDataset, parse_dataset_definition

    for name in TYPES:
        kind, _ = parse_dataset_definition({"type": name})
        assert issubclass(kind, AbstractDataset), name


@pytest.mark.parametrize(
    "kind",
    [
        "pickle.PickleDataset",
        "kedro_datasets.pickle.PickleDataset",
        "kedro.io.CachedDataset",
        "kedro.io.LambdaDataset",
        "partitions.PartitionedDataset",
        "pandas.CSVDataset",
        "stillroom.io.datasets.json_document.os",
        "os.system",
        "..json.JSONDataset",
        "",
        None,
        ["json.JSONDataset"],
        {"_target_": "os.system"},
    ],
)
def test_any_other_type_is_refused_before_it_is_imported(tmp_path: Path, kind: object) -> None:
    assert "is not allowed" in refusal(FILE | {"type": kind}, tmp_path)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("versioned", True, "DVC keeps the versions"),
        ("version", "2026", "DVC keeps the versions"),
        ("credentials", "absent", "no allowed type reads from a service"),
        ("load_args", {"engine": "pickle"}, "the types have no options"),
        ("fs_args", {"open_args_load": {"mode": "rb"}}, "files lie on the local disk"),
        ("validator", "os.system", "a class to import"),
        ("_target_", "os.system", "the key _target_"),
        ("dataset", {"type": "pickle.PickleDataset"}, "the key dataset"),
        ("figure", "curves", "the key figure"),
    ],
)
def test_a_key_that_the_type_does_not_have_is_refused(
    tmp_path: Path, key: str, value: object, words: str
) -> None:
    assert words in refusal(FILE | {key: value}, tmp_path)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../elsewhere/a.json",
        "data/../../a.json",
        "file:///tmp/x.json",
        "file:/tmp/x.json",
        "s3://bucket/x.json",
        "simplecache::https://h/x.json",
        "C:\\x.json",
        "params.yaml",
        "dvc.lock",
        ".",
        "",
        "src/stillroom/hooks.py",
        "data/../.git/hooks/pre-commit",
        "conf/local/credentials.yml",
        "data/01_raw",
        "data/a\x1b]52;c;x\x07.json",
        3,
        ["data/a.json"],
    ],
)
def test_a_path_elsewhere_or_over_the_project_is_refused(tmp_path: Path, path: object) -> None:
    refusal(FILE | {"filepath": path}, tmp_path)


def test_a_path_through_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    (project / "data").mkdir(parents=True)
    outside.mkdir()
    (project / "data/linked").symlink_to(outside)
    entry = FILE | {"filepath": "data/linked/a.json"}
    assert "outside of the project" in refusal(entry, project)


@pytest.mark.parametrize("name", ["{name}", "a_{name}", "teachers@spark", "parameters", "params:a"])
def test_a_name_that_is_no_artifact_is_refused(tmp_path: Path, name: str) -> None:
    refusal(FILE, tmp_path, name)


def test_an_entry_that_is_no_section_or_lacks_its_figure_is_refused(tmp_path: Path) -> None:
    refusal("data/a.json", tmp_path)
    refusal(None, tmp_path)
    plot = {"type": "stillroom.io.datasets.records_plot.RecordsPlot", "filepath": "data/a/b.json"}
    assert "needs figure" in refusal(plot, tmp_path)
    refusal(FILE | {"metadata": "x"}, tmp_path)


def test_entries_inside_the_project_are_allowed(tmp_path: Path) -> None:
    check_catalog(
        {
            "a": FILE,
            "b": FILE | {"filepath": str(tmp_path / "data/x/b.json")},
            "c": {"type": "MemoryDataset"},
        },
        tmp_path,
    )
