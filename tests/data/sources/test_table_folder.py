"""Table folders: which tables of a folder are read, and what is said of the others."""

import os

import pytest
from support.examples.data_config import a_data

from stillroom.data.sources.table_folder import table_paths
from stillroom.errors import DataError


def write(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")


def parts(folder, **changes):
    return list(table_paths(folder, a_data(path="data", **changes)).parts)


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["b.csv", "a.jsonl"], ["a.jsonl", "b.csv"]),
        (["train/b.csv", "test/a.csv"], ["test/a.csv", "train/b.csv"]),
        (["a.csv", "test/b.csv"], ["a.csv", "test/b.csv"]),
        (
            ["data/train-0.parquet", "data/test-0.parquet"],
            ["data/test-0.parquet", "data/train-0.parquet"],
        ),
        (["train/data-0.arrow", "train/state.json", "dataset_dict.json"], ["train/data-0.arrow"]),
        (["a.csv", "about.json"], ["a.csv"]),
        (["a.json", "b.json"], ["a.json", "b.json"]),
        (["a.csv", ".cache/b.csv"], ["a.csv"]),
    ],
)
def test_tables_of_the_layouts_of_the_world(tmp_path, names, read):
    write(tmp_path, *names)
    assert parts(tmp_path) == read


def test_tables_in_other_folders_below_are_said(tmp_path):
    write(tmp_path, "a.csv", "old/b.csv", "old/c.csv")
    paths = table_paths(tmp_path, a_data(path="data"))
    assert paths.parts == ("a.csv",)
    assert [(one.kind, one.text) for one in paths.notices] == [
        (
            "left_out",
            "2 tables in folders below are not read: old/b.csv, old/c.csv. Move them up, or into "
            "a folder that is called after a split.",
        )
    ]
    assert paths.others == ()  # a notice says it, once


def test_each_file_that_is_left_out_is_said_once_and_for_its_own_reason(tmp_path):
    write(tmp_path, "a.csv", "old/b.csv", "m.json", "old/n.json.gz", "notes.xyz")
    write(tmp_path, ".hidden.csv", "sub/.cache/x.csv", "dataset_info.json")
    paths = table_paths(tmp_path, a_data(path="data"))
    assert paths.parts == ("a.csv",)
    assert {path.name for path in paths.others} == {"notes.xyz", "dataset_info.json"}
    assert [one.text for one in paths.notices] == [
        "1 tables in folders below are not read: old/b.csv. Move them up, or into a folder that "
        "is called after a split.",
        "JSON documents beside other files are not read: 2 (m.json, old/n.json.gz). If they hold "
        "rows, write them as JSON Lines.",
        "Hidden files and folders are not read: 2 (.hidden.csv, sub/.cache).",
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [("a.xlsx", "save the sheet as CSV"), ("a.txt", "holds no table"), ("a.zip", "unpack it")],
)
def test_a_folder_or_a_file_without_a_table_is_refused(tmp_path, name, words):
    write(tmp_path, name)
    for path in (tmp_path, tmp_path / name):
        with pytest.raises(DataError, match=words):
            table_paths(path, a_data(path="data"))


def test_links_out_of_the_folder_are_refused_unless_they_are_followed(tmp_path):
    write(tmp_path, "data/a.csv", "secret.csv")
    (tmp_path / "data/b.csv").symlink_to("../secret.csv")
    with pytest.raises(
        DataError, match=r"b\.csv is a link that leads out of the folder data\.path"
    ):
        parts(tmp_path / "data")
    assert parts(tmp_path / "data", follow_links=True) == ["a.csv", "b.csv"]
    (tmp_path / "link.csv").symlink_to("secret.csv")
    assert parts(tmp_path / "link.csv") == ["link.csv"]


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(DataError, match=r"a\.csv is no regular file"):
        parts(tmp_path)
