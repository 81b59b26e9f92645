"""The registry: the seven stages, their order, and the imports that a listing must avoid."""

import subprocess
import sys
from pathlib import Path

from stillroom.pipeline_registry import STAGES, register_pipelines

SOURCE = Path(__file__).resolve().parents[1] / "src"


def test_distill_is_the_seven_stages_and_the_default() -> None:
    pipelines = register_pipelines()
    names = ["ingest", "teachers", "capture", "train", "evaluate", "export", "report"]
    assert list(STAGES) == names
    assert set(pipelines) == {*names, "distill", "__default__"}
    nodes = {node.name for name in names for node in pipelines[name].nodes}
    assert {node.name for node in pipelines["distill"].nodes} == nodes
    assert pipelines["__default__"].nodes == pipelines["distill"].nodes


def test_distill_needs_only_parameters() -> None:
    # The folder of all students exists after `train` has made one.
    inputs = register_pipelines()["distill"].inputs() - {"every_student"}
    assert {name.partition(":")[0] for name in inputs} == {"params", "parameters"}


def test_only_verify_writes_soft_labels_and_only_it_reads_unverified_labels() -> None:
    nodes = register_pipelines()["distill"].nodes
    assert [node.name for node in nodes if "soft_labels" in node.outputs] == ["verify"]
    assert [node.name for node in nodes if "unverified_labels" in node.inputs] == ["verify"]


def test_no_teacher_runs_and_no_student_learns_before_the_licence_was_checked() -> None:
    distill = register_pipelines()["distill"]
    for name in ("train_teachers", "capture", "verify", "train_students", "predict"):
        before = {node.name for node in distill.to_nodes(name).nodes}
        assert "check_licence" in before, name


def test_listing_the_pipelines_imports_nothing_heavy() -> None:
    code = (
        "import sys; from stillroom.pipeline_registry import register_pipelines;"
        "register_pipelines(); import stillroom.cli, stillroom.settings;"
        "print([m for m in ('torch', 'lightning', 'transformers', 'matplotlib', 'polars',"
        " 'pyarrow', 'sklearn', 'onnx') if m in sys.modules])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == "[]"
