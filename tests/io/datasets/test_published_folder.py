"""Folders as datasets appear complete and replace the old folder."""

from pathlib import Path

import pytest
from kedro.io import DatasetError

from stillroom.io.datasets.published_folder import Folder


def test_a_saved_folder_replaces_the_old_one(tmp_path: Path) -> None:
    dataset = Folder(str(tmp_path / "data" / "models"))
    for content in ("old", "new"):
        built = tmp_path / "work"
        built.mkdir()
        (built / content).touch()
        dataset.save(built)
        assert not built.exists()
    assert [path.name for path in dataset.load().iterdir()] == ["new"]


def test_a_missing_folder_says_which_stage_to_run(tmp_path: Path) -> None:
    dataset = Folder(str(tmp_path / "models"), {"kedro-viz": {"layer": "train"}})
    assert not dataset.exists()
    with pytest.raises(DatasetError, match="Run `kedro run --pipeline=train` first"):
        dataset.load()
    with pytest.raises(DatasetError, match="Run the stage that writes it first"):
        Folder(str(tmp_path / "models")).load()
