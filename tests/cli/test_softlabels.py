"""`kedro softlabels plan`, as a user runs it."""

import json
import shutil
from pathlib import Path

import pytest
from support.command_line import command, quick_project


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small project with examples and teachers."""
    root = Path(__file__).resolve().parents[2]
    folder = tmp_path_factory.mktemp("project")
    for name in ("conf", "src"):
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(root / name, folder / name)
    quick_project(folder)
    ran = command(folder, "kedro", "run", "--pipelines=ingest,teachers")
    assert ran.returncode == 0, ran.stderr
    return folder


def test_a_plan_fits_the_terminal_and_names_the_best_choice_within_a_budget(ingested: Path) -> None:
    words = ["--budget", "1MB", "--positions", "50", "--json", "plan.json"]
    ran = command(ingested, "kedro", "softlabels", "plan", *words, COLUMNS="80")
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in ran.stdout
    assert any(line.startswith("topk 1 *") for line in lines)
    assert lines[-1] == "  kedro run --params groups.softlabels=full"
    document = json.loads((ingested / "plan.json").read_text())
    (peak,) = (line for line in lines if line.startswith("Training  "))
    assert " of memory at the peak; " in peak
    assert 3e8 < document["training_memory"]["peak"] < 3e9
    assert document["choice"]["params"] == "groups.softlabels=full"
    assert document["positions"] == 50
    assert document["whole"]["rows"] == 120
    assert document["whole"]["copies"] == (1 if document["copies"]["reflinks"] else 2)


def test_a_budget_that_nothing_fits_is_one_line_below_the_table(ingested: Path) -> None:
    ran = command(ingested, "kedro", "softlabels", "plan", "--budget", "1kB", "--positions", "20")
    assert ran.returncode == 1
    assert "threshold_fixed 1" in ran.stdout
    assert ran.stderr.splitlines()[-1].startswith("Error: nothing fits into 1,000 bytes: ")


def test_without_examples_the_error_is_one_line_that_names_the_command(project: Path) -> None:
    quick_project(project)
    ran = command(project, "kedro", "softlabels", "plan")
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    errors = [line for line in ran.stderr.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "encoder does not exist. Run `kedro run --pipeline=ingest` first." in errors[0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--budget", "20 apples"], "20 apples is not a size."),
        (["--json", "../plan.json"], "leads outside of the project"),
        (["--params", "softlabels.kay=3"], "softlabels.kay is not a parameter."),
    ],
)
def test_an_error_in_the_options_comes_before_any_teacher_runs(
    project: Path, words: list[str], message: str
) -> None:
    ran = command(project, "kedro", "softlabels", "plan", *words)
    assert ran.returncode == 1
    assert message in ran.stderr.splitlines()[-1]


def test_the_help_shows_an_example(project: Path) -> None:
    ran = command(project, "kedro", "softlabels", "plan", "--help")
    assert "Example: kedro softlabels plan --budget 200MB" in ran.stdout
