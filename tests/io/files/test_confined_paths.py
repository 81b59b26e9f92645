"""Confined paths: nothing is written outside of the project."""

from pathlib import Path

import pytest

from stillroom.errors import ConfigError
from stillroom.io.files.confined_paths import confined, project_root


@pytest.mark.parametrize("inside", ["data/a", "a/../b", "."])
def test_a_path_inside_is_resolved(tmp_path: Path, inside: str) -> None:
    assert confined(inside, tmp_path) == (tmp_path / inside).resolve()


@pytest.mark.parametrize("outside", ["../a", "a/../../b", "/etc/passwd"])
def test_a_path_outside_is_an_error(tmp_path: Path, outside: str) -> None:
    with pytest.raises(ConfigError, match="outside of the project"):
        confined(outside, tmp_path)


def test_a_link_that_leads_outside_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "link").symlink_to(tmp_path)
    with pytest.raises(ConfigError, match="outside of the project"):
        confined("link/a", tmp_path / "project")


def test_a_sibling_with_the_same_beginning_is_outside(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="outside"):
        confined("../project2/a", tmp_path / "project")


def test_the_project_is_found_from_below(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "conf" / "hydra")
    assert project_root() == project


def test_a_working_directory_outside_of_a_project_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="not inside a Stillroom project"):
        project_root()
