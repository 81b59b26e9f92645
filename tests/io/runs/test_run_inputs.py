"""A run notices files that another program changes, adds or removes while it uses them."""

import os
import shutil
from pathlib import Path

import pytest
from kedro.io import DataCatalog
from kedro.pipeline import node

from stillroom.errors import DataError
from stillroom.io.datasets.json_document import Document
from stillroom.io.datasets.published_folder import Folder
from stillroom.io.runs.run_inputs import RunInputs, stamp_of

MAKE = node(lambda: None, None, "folder", name="make")
USE = node(lambda folder: None, "folder", "document", name="use")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "below").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"aaaa")
    (folder / "below" / "b.bin").write_bytes(b"bbbb")
    return folder


@pytest.fixture
def inputs(folder: Path) -> RunInputs:
    catalog = DataCatalog(
        {"folder": Folder(str(folder)), "document": Document(str(folder.parent / "c.json"))}
    )
    inputs = RunInputs()
    inputs.before_pipeline_run(catalog)
    return inputs


def rewrite(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"AAAA")
    os.utime(folder / "a.bin", ns=(1, 1))  # a coarse clock may have given it the same time


def add(folder: Path) -> None:
    (folder / "below" / "c.bin").write_bytes(b"cccc")


def remove(folder: Path) -> None:
    (folder / "a.bin").unlink()


def remove_all(folder: Path) -> None:
    shutil.rmtree(folder)


def lengthen(folder: Path) -> None:
    with (folder / "below" / "b.bin").open("ab") as file:
        file.write(b"b")


CHANGES = pytest.mark.parametrize(
    ("change", "named"),
    [
        (rewrite, "a.bin"),
        (add, "below/c.bin"),
        (remove, "a.bin"),
        (remove_all, "a.bin"),
        (lengthen, "below/b.bin"),
    ],
)


@CHANGES
def test_data_that_this_run_wrote_may_not_change_before_it_is_read(
    folder: Path, inputs: RunInputs, change: object, named: str
) -> None:
    inputs.after_dataset_saved("folder", MAKE)
    inputs.before_dataset_loaded("folder")
    change(folder)  # type: ignore[operator]
    with pytest.raises(DataError, match=f"Another program changed .*{named} while") as changed:
        inputs.before_dataset_loaded("folder")
    assert "\n" not in str(changed.value)


@CHANGES
def test_data_may_not_change_while_a_node_reads_it(
    folder: Path, inputs: RunInputs, change: object, named: str
) -> None:
    inputs.before_dataset_loaded("folder")
    inputs.after_dataset_loaded("folder")
    inputs.after_node_run(USE)
    change(folder)  # type: ignore[operator]
    with pytest.raises(DataError, match=named):
        inputs.after_node_run(USE)
    with pytest.raises(DataError, match=named):
        inputs.after_dataset_saved("document", USE)


def test_what_a_run_replaces_itself_is_no_change(folder: Path, inputs: RunInputs) -> None:
    inputs.after_dataset_saved("folder", MAKE)
    rewrite(folder)
    inputs.after_dataset_saved("folder", MAKE)
    inputs.before_dataset_loaded("folder")
    rewrite(folder)
    inputs.before_pipeline_run(inputs.catalog)  # another run of the same process
    inputs.before_dataset_loaded("folder")


def test_parameters_and_datasets_without_a_file_are_left_alone(inputs: RunInputs) -> None:
    for name in ("params:student", "document", "unknown"):
        inputs.before_dataset_loaded(name)
        inputs.after_dataset_loaded(name)
        inputs.before_dataset_loaded(name)


def test_a_stamp_names_each_file_with_its_size(folder: Path) -> None:
    sizes = {name: size for name, (size, _) in stamp_of(folder).items()}
    assert sizes == {"a.bin": 4, "below/b.bin": 4}
    assert [size for size, _ in stamp_of(folder / "a.bin").values()] == [4]
