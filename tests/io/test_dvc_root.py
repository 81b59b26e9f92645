"""DVC's root is shared by the workspace and temporary experiments."""

from pathlib import Path

import pytest

from stillroom.io.dvc_root import shared_root


def test_a_project_outside_of_experiments_is_its_own_root(tmp_path: Path) -> None:
    assert shared_root(tmp_path / "project") == tmp_path / "project"


@pytest.mark.parametrize("place", ["tmpa1b2", "standalone/tmpa1b2", "tmpa1b2/deeper"])
def test_a_temporary_experiment_shares_the_root_above_it(tmp_path: Path, place: str) -> None:
    root = tmp_path.resolve() / "project"
    assert shared_root(root / ".dvc" / "tmp" / "exps" / place) == root


def test_a_root_inside_of_another_experiment_is_the_inner_root(tmp_path: Path) -> None:
    inner = tmp_path.resolve() / ".dvc" / "tmp" / "exps" / "one" / "project"
    assert shared_root(inner / ".dvc" / "tmp" / "exps" / "two") == inner


@pytest.mark.parametrize("place", ["tmp/exps/x", ".dvc/exps/tmp/x", ".dvc/tmp/other/x"])
def test_a_folder_with_a_similar_name_is_not_an_experiment(tmp_path: Path, place: str) -> None:
    assert shared_root(tmp_path / place) == tmp_path / place


def test_a_link_into_an_experiment_is_followed(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "project"
    experiment = root / ".dvc" / "tmp" / "exps" / "one"
    experiment.mkdir(parents=True)
    (tmp_path / "link").symlink_to(experiment)
    assert shared_root(tmp_path / "link") == root
