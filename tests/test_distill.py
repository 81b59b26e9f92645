"""The whole pipeline as a user runs it: images in, report out. Takes about 40 s."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from support.command_line import command, quick_project, written

from stillroom.io.files.hashing import sha256_file

STUDENT = "data/05_students/default/student/model.safetensors"


@pytest.fixture(scope="module")
def distilled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(__file__).resolve().parents[1]
    project = tmp_path_factory.mktemp("distilled")
    for name in ("conf", "src"):
        shutil.copytree(root / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(root / name, project / name)
    (project / "data/03_teachers/given").mkdir(parents=True)
    quick_project(project)
    ran = command(project, "kedro", "run", "--pipeline=distill")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (project / "stdout").write_text(ran.stdout)
    return project


def test_every_artifact_of_the_catalog_exists(distilled: Path) -> None:
    files = written(distilled)
    for name in (
        "data/02_examples/examples/00001-of-00001.parquet",
        "data/02_examples/data_report.json",
        "data/03_teachers/ensemble/member_1/model.safetensors",
        "data/04_soft_labels/manifest.json",
        STUDENT,
        "data/05_students/default/control/model.safetensors",
        "data/06_exports/student/model.onnx",
        "data/06_exports/student/README.md",
        "data/07_reports/metrics.json",
        "data/07_reports/cost.json",
        "data/07_reports/report.html",
        "data/07_reports/plots/students/default.json",
    ):
        assert name in files
    assert not any(".partial" in name or ".replaced" in name for name in files)


def test_it_ends_with_the_table_and_the_reports_path(distilled: Path) -> None:
    output = (distilled / "stdout").read_text()
    rows = ("Teacher", "Student alone", "Student, distilled")
    for words in (*rows, "ms per example", "report.html"):
        assert words in output


def test_the_keys_of_soft_labels_are_those_of_the_examples(distilled: Path) -> None:
    examples = pl.read_parquet(distilled / "data/02_examples/examples/00001-of-00001.parquet")
    rows = pl.read_parquet(distilled / "data/04_soft_labels/shards/*.parquet")
    assert rows.height == 2 * examples.height == 240
    assert set(rows["example_id"]) == set(examples["example_id"])
    assert rows.group_by("example_id").len()["len"].unique().to_list() == [2]


def test_metrics_have_no_measured_times(distilled: Path) -> None:
    metrics = json.loads((distilled / "data/07_reports/metrics.json").read_text())
    assert {"teacher", "control", "student"} <= set(metrics)
    assert "ms_p50" not in json.dumps(metrics)
    assert "ms_p50" in (distilled / "data/07_reports/cost.json").read_text()


# `make test` compares a flag with an experiment, and two runs, in test_dvc.py.
@pytest.mark.faults
def test_a_flag_params_yaml_and_a_second_run_give_the_same_student(distilled: Path) -> None:
    before = sha256_file(distilled / STUDENT)
    teachers = sha256_file(distilled / "data/03_teachers/ensemble/member_0/model.safetensors")
    params = distilled / "params.yaml"
    text = params.read_text()
    by_flag = command(distilled, "kedro", "run", "--pipeline=train", "--params=student.epochs=4")
    assert by_flag.returncode == 0, by_flag.stderr
    flagged = sha256_file(distilled / STUDENT)
    params.write_text(text.replace("student:\n  epochs: 2", "student:\n  epochs: 4"))
    by_file = command(distilled, "kedro", "run", "--pipeline=train")
    assert by_file.returncode == 0, by_file.stderr
    filed = sha256_file(distilled / STUDENT)
    params.write_text(text)
    again = command(distilled, "kedro", "run", "--pipeline=train")
    assert again.returncode == 0, again.stderr
    assert flagged == filed != before == sha256_file(distilled / STUDENT)
    after = sha256_file(distilled / "data/03_teachers/ensemble/member_0/model.safetensors")
    assert teachers == after


def test_a_damaged_shard_stops_training_and_is_named(distilled: Path) -> None:
    shard = sorted((distilled / "data/04_soft_labels/shards").iterdir())[0]
    content = shard.read_bytes()
    shard.write_bytes(content[:-100] + bytes([content[-100] ^ 1]) + content[-99:])
    before = sha256_file(distilled / STUDENT)
    ran = command(distilled, "kedro", "run", "--pipeline=train")
    shard.write_bytes(content)
    assert ran.returncode == 1
    assert f"Error: shard {shard.name} is damaged" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert sha256_file(distilled / STUDENT) == before


def test_run_status_shows_every_stage_although_each_ran_separately(distilled: Path) -> None:
    pytest.importorskip("kedro_viz", reason="the extra `viz` is not installed")
    ran = command(distilled, "kedro", "run", "--pipeline=report")
    assert ran.returncode == 0, ran.stderr
    events = json.loads((distilled / ".viz/kedro_pipeline_events.json").read_text())
    nodes = {event["node"] for event in events if event["event"] == "after_node_run"}
    # Another test makes training fail, and the status would show that.
    assert nodes >= {"ingest_examples", "train_teachers", "verify", "render_report"}


def test_the_notebook_runs_and_is_stored_without_outputs(distilled: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    path = Path(__file__).resolve().parents[1] / "notebooks" / "01_look_at_soft_labels.ipynb"
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": distilled}}).execute()
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
