"""Soft labels as datasets: staged in the store, published whole; a damaged set does not exist."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from kedro.io import DatasetError

from stillroom.pipelines.capture import datasets
from stillroom.softlabels.format.manifest import MANIFEST, SHARDS

STAGED, PUBLISHED = Path(".stillroom/unverified_labels"), Path("data/04_soft_labels")
STORE = Path(".stillroom/store")


def damage(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_staging_leaves_a_manifest_here_and_the_shards_in_the_projects_store(
    capture_stage: Any, here: Path
) -> None:
    labels = capture_stage.capture()
    assert [path.name for path in (here / STAGED).iterdir()] == [MANIFEST]
    shards = [shard.name for member in labels.manifest.members for shard in member.shards]
    assert {path.name for path in (here / STORE).rglob("*.parquet")} == set(shards)
    assert not (here / PUBLISHED).exists()


def test_the_store_is_where_the_variable_points(
    capture_stage: Any, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STILLROOM_STORE", str(tmp_path / "elsewhere"))
    published = capture_stage.run()
    assert not (here / STORE).exists()
    assert list((tmp_path / "elsewhere").rglob("*.parquet"))
    published.require_intact()
    monkeypatch.delenv("STILLROOM_STORE")
    assert not datasets.UnverifiedLabels(str(STAGED)).exists()
    assert datasets.SoftLabels(str(PUBLISHED)).exists()


def test_a_temporary_experiment_asks_for_nothing_that_the_workspace_paid_for(
    capture_stage: Any, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert capture_stage.input_count() == 2 * 110
    experiment = here / ".dvc" / "tmp" / "exps" / "tmpa1b2"
    experiment.mkdir(parents=True)
    shutil.copy(here / "pyproject.toml", experiment)
    monkeypatch.chdir(experiment)
    assert capture_stage.input_count() == 0
    assert capture_stage.run().folder.resolve() == experiment / PUBLISHED
    assert not (experiment / STORE).exists()


def test_a_published_set_needs_no_store(capture_stage: Any, here: Path) -> None:
    capture_stage.run()
    shutil.rmtree(here / STORE)
    dataset = datasets.SoftLabels(str(PUBLISHED))
    assert dataset.exists()
    dataset.load().require_intact()
    assert not datasets.UnverifiedLabels(str(STAGED)).exists()


@pytest.mark.parametrize("harm", [Path.unlink, damage], ids=["missing", "damaged"])
def test_a_set_with_a_shard_missing_or_damaged_does_not_exist(
    capture_stage: Any, here: Path, harm: Any
) -> None:
    capture_stage.run()
    dataset = datasets.SoftLabels(str(PUBLISHED))
    assert dataset.exists()
    for shard in (here / PUBLISHED / SHARDS).iterdir():
        content = shard.read_bytes()
        harm(shard)
        assert not datasets.SoftLabels(str(PUBLISHED)).exists()
        shard.write_bytes(content)
    assert dataset.exists()


@pytest.mark.parametrize("harm", [Path.unlink, damage], ids=["missing", "damaged"])
def test_a_staged_set_is_there_only_if_its_shards_in_the_store_are(
    capture_stage: Any, here: Path, harm: Any
) -> None:
    capture_stage.capture()
    dataset = datasets.UnverifiedLabels(str(STAGED))
    assert dataset.exists()
    harm(next((here / STORE).rglob("*.parquet")))
    assert not dataset.exists()


def test_without_a_manifest_there_is_no_set(capture_stage: Any, here: Path) -> None:
    capture_stage.run()
    (here / PUBLISHED / MANIFEST).unlink()
    (here / STAGED / MANIFEST).unlink()
    for dataset in (
        datasets.SoftLabels(str(PUBLISHED)),
        datasets.UnverifiedLabels(str(STAGED)),
    ):
        assert not dataset.exists()
        with pytest.raises(DatasetError, match="does not exist"):
            dataset.load()


def test_loading_reads_no_shard(capture_stage: Any, here: Path) -> None:
    capture_stage.run()
    shutil.rmtree(here / PUBLISHED / SHARDS)
    shutil.rmtree(here / STORE)
    assert datasets.SoftLabels(str(PUBLISHED)).load().manifest.rows == 110
    assert datasets.UnverifiedLabels(str(STAGED)).load().manifest.rows == 110


@pytest.mark.parametrize("values", [{}, {"sparsifier": "sample"}], ids=["full", "sample"])
def test_the_preview_has_the_first_rows_as_text(capture_stage: Any, values: dict[str, Any]) -> None:
    capture_stage.run(capture_stage.settings(**values))
    preview = datasets.SoftLabels(str(PUBLISHED)).preview()
    assert len(preview["data"]) == datasets.ROWS
    first = dict(zip(preview["columns"], preview["data"][0], strict=True))
    assert first["example_id"] == capture_stage.examples.read()["example_id"][0].hex()
    assert (first["view"], first["draw"]) == (0, 0)
    assert isinstance(first["logits" if not values else "times"], str)


def test_saving_again_replaces_the_whole_set(capture_stage: Any, here: Path) -> None:
    capture_stage.run(capture_stage.settings(rows_per_shard=10))
    many = {path.name for path in (here / PUBLISHED / SHARDS).iterdir()}
    labels = capture_stage.run(capture_stage.settings(rows_per_shard=500))
    listed = {shard.name for member in labels.manifest.members for shard in member.shards}
    assert {path.name for path in (here / PUBLISHED / SHARDS).iterdir()} == listed
    assert not many & listed
