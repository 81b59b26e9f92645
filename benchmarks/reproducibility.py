"""Reproducibility: two runs of `distill` from a clean copy; which artifacts differ, and the time.

`cost.json` is measured with a clock, and the report renders it, so these two may differ.
"""

import time
from pathlib import Path

import yaml

from benchmarks.project import ROOT, Figure, clean_project, kedro
from stillroom.config.compose import student_of
from stillroom.io.files.hashing import sha256_file

MAY_DIFFER = {"data/07_reports/cost.json", "data/07_reports/report.html"}
SECONDS = 240


def measure_reproducibility() -> list[Figure]:
    """Run twice and compare every file that DVC tracks."""
    runs, seconds = [], []
    for _ in range(2):
        with clean_project() as project:
            started = time.perf_counter()
            kedro(project, "run", "--pipeline=distill")
            seconds.append(time.perf_counter() - started)
            runs.append(_hashes(project))
    first, second = runs
    differing = sorted(
        name for name in first.keys() | second.keys() if first.get(name) != second.get(name)
    )
    unexpected = [name for name in differing if name not in MAY_DIFFER]
    return [
        Figure(
            f"files that differ between two runs, of {len(first)}",
            ", ".join(unexpected) or f"none except {' and '.join(sorted(MAY_DIFFER))}",
            "none beside what a clock measured",
            not unexpected and len(first) > 10,
            {"differing": differing, "files": sorted(first)},
        ),
        Figure(
            "kedro run --pipeline=distill, the slower of two",
            f"{max(seconds):.0f} s",
            f"<= {SECONDS} s",
            max(seconds) <= SECONDS,
            {"seconds": seconds},
        ),
    ]


def _hashes(project: Path) -> dict[str, str]:
    return {
        file.relative_to(project).as_posix(): sha256_file(file)
        for tracked in _tracked()
        for file in _files(project / tracked)
    }


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise FileNotFoundError(f"{path}: dvc.yaml names this file, but the run did not write it")
    return [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())


def _tracked() -> list[str]:
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    names = [
        next(iter(product)) if isinstance(product, dict) else product
        for name, stage in stages.items()
        if name != "compose"
        for kind in ("outs", "metrics", "plots")
        for product in stage.get(kind, [])
    ]
    # With several students, `distill` trains the first.
    return [name.replace("${item.student}", student_of(ROOT)) for name in names]
