"""Commands: an error that the user can correct is one line, a defect is a traceback."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from stillroom.cli import cli
from stillroom.config.compose import compose


def test_a_mistyped_pipeline_is_one_line_with_the_nearest(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    said = CliRunner().invoke(cli, ["run", "--pipeline", "distil"])
    assert said.exit_code == 1
    assert "Error: distil is not the name of a pipeline. Did you mean distill?" in said.output


def test_params_prints_the_parameters_of_a_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    said = CliRunner().invoke(cli, ["params", "--params", "groups.student=tiny,student.epochs=3"])
    expected = compose(project, {"groups": {"student": "tiny"}, "student": {"epochs": 3}})
    assert yaml.safe_load(said.output) == expected


def test_an_error_is_one_line_and_exit_code_1(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    said = CliRunner().invoke(cli, ["params", "--params", "student.epoch=3"])
    assert said.exit_code == 1
    assert said.output.splitlines() == [
        "Error: student.epoch is not a parameter. Did you mean student.epochs? See `kedro params`."
    ]


def test_compose_writes_what_dvc_reads(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    assert CliRunner().invoke(cli, ["compose"]).output == "wrote conf/composed.yaml\n"
    written = yaml.safe_load((project / "conf/composed.yaml").read_text())
    assert written.pop("students") == {"default": compose(project)["student"]}
    assert written == compose(project)


def test_dvc_check_fails_if_the_file_is_out_of_date(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert "wrote dvc.yaml" in CliRunner().invoke(cli, ["dvc"]).output
    assert CliRunner().invoke(cli, ["dvc", "--check"]).exit_code == 0
    (project / "dvc.yaml").write_text("stages: {}\n")
    said = CliRunner().invoke(cli, ["dvc", "--check"])
    assert said.exit_code == 1
    assert "dvc.yaml is out of date. Run `kedro dvc`" in said.output
