"""Increments: what 1% of new rows, another loss and another student cost teacher and remote.

MNIST as a table of features with a given teacher, under DVC with a remote in a folder. The new
rows come as a new file of the source.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from benchmarks.project import Figure, clean_project, kedro
from benchmarks.softlabels.digits import digits, table_parameters, write_part

ROWS, NEW = 59_400, 600
DVC = [sys.executable, "-m", "dvc"]


def measure_increments(data: Path) -> list[Figure]:
    """Run `dvc repro` before and after, and count."""
    images, labels = digits(data)
    with clean_project() as project:
        write_part(project / "data/01_raw", "a", images[:ROWS], labels[:ROWS])
        _prepare(project)
        _repro(project, "capture")
        _dvc(project, "push")
        before = _size(project / "remote"), _outs(project)
        write_part(project / "data/01_raw", "b", images[ROWS:], labels[ROWS:])
        rows = _rows_captured(_repro(project, "capture"))
        _dvc(project, "push", "capture")
        pushed = _size(project / "remote") - before[0]
        _dvc(project, "push")
        everything = _size(project / "remote") - before[0]
        after = _outs(project)
        spared = _after_changes(project)
    return [
        Figure(
            f"rows inferred after {NEW} new ones of {ROWS + NEW:,}",
            f"{rows:,}",
            f"exactly {NEW}",
            rows == NEW,
            {"asked": rows},
        ),
        _pushed("soft labels", pushed, after["labels"] - before[1]["labels"]),
        _pushed(
            "every stage up to capture", everything, sum(after.values()) - sum(before[1].values())
        ),
        Figure(
            "teacher rows for another loss, and for another student",
            ", ".join(f"{name}: {rows}" for name, rows in spared.items()),
            "0",
            not any(spared.values()),
            dict(spared),
        ),
    ]


def _pushed(what: str, pushed: int, new: int) -> Figure:
    return Figure(
        f"bytes pushed after 1% new rows over the bytes of the new rows, {what} "
        f"({pushed:,} of {new:,})",
        f"{pushed / new:.2f}",
        "<= 3",
        pushed <= 3 * new,
        {"pushed": pushed, "new": new},
    )


def _prepare(project: Path) -> None:
    """Train a small teacher once, then use it as a given one."""
    parameters = table_parameters({"members": 1, "epochs": 2})
    _write(project, parameters)
    kedro(project, "run", "--pipelines=ingest,teachers")
    given = project / "data/03_teachers/given"
    shutil.rmtree(given)
    shutil.copytree(project / "data/03_teachers/ensemble/member_0", given)
    parameters["groups"]["teacher"] = "given"
    del parameters["teacher"]["epochs"], parameters["teacher"]["members"]
    parameters["teacher"]["licence"] = "own"
    _write(project, parameters)
    (project / "remote").mkdir()
    for command in (["git", "init", "-q"], [*DVC, "remote", "add", "-d", "local", "remote"]):
        subprocess.run(command, cwd=project, check=True, capture_output=True)


def _after_changes(project: Path) -> dict[str, int]:
    """Return how many rows are captured after a change of the loss and of the student."""
    path = project / "params.yaml"
    parameters = yaml.safe_load(path.read_text(encoding="utf-8"))
    captured = {}
    for name, section, values in (
        ("loss", "objective", {"temperature": 2.0, "hard_weight": 0.5}),
        ("student", "student", {"epochs": 1, "lr": 0.01}),
    ):
        parameters[section] = values
        _write(project, parameters)
        captured[name] = _rows_captured(_repro(project, "train"))
    return captured


def _write(project: Path, parameters: dict[str, object]) -> None:
    (project / "params.yaml").write_text(yaml.safe_dump(parameters), encoding="utf-8")


def _rows_captured(output: str) -> int:
    """Return the number of rows that teachers report as captured; 0 if no stage captured any."""
    text = re.sub(r"\s+", " ", output)
    return sum(int(rows.replace(",", "")) for rows in re.findall(r"([\d,]+) rows captured", text))


def _repro(project: Path, stage: str) -> str:
    return _dvc(project, "repro", stage)


def _dvc(project: Path, *arguments: str) -> str:
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([scripts, os.environ["PATH"]]),
        "KEDRO_DISABLE_TELEMETRY": "1",
        "DVC_NO_ANALYTICS": "1",
        "PYTHONPATH": str(project / "src"),
        "COLUMNS": "200",
    }
    ended = subprocess.run(
        [*DVC, *arguments],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"dvc {' '.join(arguments)} failed:\n{ended.stdout[-3000:]}")
    return ended.stdout


def _outs(project: Path) -> dict[str, int]:
    return {
        "examples": _size(project / "data/02_examples"),
        "labels": _size(project / "data/04_soft_labels"),
    }


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
