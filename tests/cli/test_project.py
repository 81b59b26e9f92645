"""Opening a project for a command."""

from pathlib import Path

import pytest

from stillroom.cli.project import open_project
from stillroom.config.schema import Student
from stillroom.errors import ConfigError


def test_given_values_replace_the_values_of_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with open_project({"student": {"epochs": 3}}) as opened:
        assert opened.root == project
        student = opened.parameters["student"]
        assert isinstance(student, Student)
        assert student.epochs == 3
        assert "soft_labels" in opened.catalog


def test_a_value_that_is_not_allowed_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with (
        pytest.raises(ConfigError, match=r"student\.epochs"),
        open_project({"student": {"epochs": 0}}),
    ):
        pass


def test_opening_without_a_project_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError), open_project({}):
        pass
