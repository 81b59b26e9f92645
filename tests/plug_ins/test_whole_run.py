"""Whole runs, from the command line, with kinds that are not built in or no model of PyTorch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.plug_in.install import install

RUN = "student.epochs=1,evaluate.seeds=1"


def distill(project: Path, site: Path, params: str) -> dict[str, dict[str, float]]:
    """Run all stages; return the metrics."""
    environment = {**os.environ, "PYTHONPATH": str(site), "KEDRO_DISABLE_TELEMETRY": "1"}
    ended = subprocess.run(
        [sys.executable, "-m", "kedro", "run", "--pipeline=distill", f"--params={params},{RUN}"],
        cwd=project,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]
    metrics: dict[str, dict[str, float]] = json.loads(
        (project / "data/07_reports/metrics.json").read_text()
    )
    return metrics


@pytest.mark.faults
def test_a_plug_in_teacher_and_then_an_onnx_file_of_its_student(
    project: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    site = install(tmp_path_factory.mktemp("site"))
    first = distill(project, site, "groups.teacher=prototypes")
    assert first["teacher"]["accuracy"] > 0.6  # the nearest of ten class means
    (project / "data/06_exports/student").rename(project / "mine")
    params = "groups.teacher=onnx,teacher.path=mine,teacher.licence=own"
    second = distill(project, site, params)
    assert second["teacher"]["accuracy"] == pytest.approx(first["student"]["accuracy"], abs=0.002)
