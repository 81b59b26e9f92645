"""Commands: an error that the user can correct is one line, a defect is a traceback."""

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from stillroom.cli import cli
from stillroom.config.compose import compose
from stillroom.io.runs.run_lock import run_lock
from stillroom.pipeline_registry import STAGES


def test_a_mistyped_pipeline_is_one_line_with_the_nearest(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    result = CliRunner().invoke(cli, ["run", "--pipeline", "distil"])
    assert result.exit_code == 1
    assert "Error: distil is not the name of a pipeline. Did you mean distill?" in result.output


def test_params_prints_the_parameters_of_a_run(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    result = CliRunner().invoke(cli, ["params", "--params", "groups.student=tiny,student.epochs=3"])
    expected = compose(project, {"groups": {"student": "tiny"}, "student": {"epochs": 3}})
    assert yaml.safe_load(result.output) == expected


def test_an_error_is_one_line_and_exit_code_1(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    result = CliRunner().invoke(cli, ["params", "--params", "student.epoch=3"])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Error: student.epoch is not a parameter. Did you mean student.epochs? See `kedro params`."
    ]


def test_compose_writes_what_dvc_reads(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    output = CliRunner().invoke(cli, ["compose"]).output
    assert output == "wrote conf/composed.yaml and conf/code.yaml\n"
    written = yaml.safe_load((project / "conf/composed.yaml").read_text())
    assert written.pop("students") == {"default": compose(project)["student"]}
    assert set(written.pop("rest")) == {"teacher", "evaluate"}
    assert written == compose(project)
    assert list(yaml.safe_load((project / "conf/code.yaml").read_text())) == sorted(STAGES)


@pytest.mark.parametrize("under_dvc", [True, False])
def test_compose_is_refused_while_another_run_works_and_dvc_loses_no_file(
    under_dvc: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (project / "conf/composed.yaml").unlink()  # as DVC does before it runs the command
    environment = {"DVC_STAGE": "compose"} if under_dvc else {}
    with run_lock(project, "kedro run --pipelines=train"):
        result = CliRunner().invoke(cli, ["compose"], env=environment)
    assert result.exit_code == 1
    assert result.output.startswith("Error: Another run works in this project: `kedro run --pip")
    assert result.output.count("\n") == 1
    assert (project / "conf/composed.yaml").exists() == under_dvc


def test_commands_that_only_read_are_not_refused_while_another_run_works(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with run_lock(project, "kedro run --pipelines=train"):
        assert CliRunner().invoke(cli, ["params"]).exit_code == 0
        listed = CliRunner().invoke(cli, ["softlabels", "gc"])
    assert (listed.exit_code, listed.output[:27]) == (0, "There is nothing to remove ")


def test_a_stage_under_dvc_with_code_that_dvc_did_not_see_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    (project / "conf/code.yaml").write_text(f"capture: {'0' * 64}\n")
    under_dvc = {"DVC_STAGE": "capture"}
    result = CliRunner().invoke(cli, ["run", "--pipeline=capture"], env=under_dvc)
    assert result.exit_code == 1
    assert "The code of capture is not the code that conf/code.yaml describes" in result.output
    assert result.output.count("\n") == 1


def test_dvc_check_fails_if_the_file_is_out_of_date(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    assert "wrote dvc.yaml" in CliRunner().invoke(cli, ["dvc"]).output
    assert CliRunner().invoke(cli, ["dvc", "--check"]).exit_code == 0
    (project / "dvc.yaml").write_text("stages: {}\n")
    result = CliRunner().invoke(cli, ["dvc", "--check"])
    assert result.exit_code == 1
    assert "dvc.yaml is out of date. Run `kedro dvc`" in result.output
