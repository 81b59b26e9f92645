"""The gain: the distilled student against its control over five seeds, on the default data.

Each seed trains both anew from one cache of soft labels. Student and control share seed, start,
batches and every label, so the differences are paired.
"""

import json
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

from benchmarks.project import Figure, clean_project, kedro

SEEDS = range(5)
ERRORS = 2.0


def measure_gain() -> list[Figure]:
    """Train student and control with each seed and compare them."""
    measured = []
    with clean_project() as project:
        kedro(project, "run", "--pipelines=ingest,tutor,teach")
        for seed in SEEDS:
            kedro(
                project,
                "run",
                "--pipeline=distill",
                "--from-nodes=train_students",
                "--to-nodes=measure_quality",
                f"--params=student.seed={seed}",
            )
            measured.append(_metrics(project))
    return [
        _figure("accuracy, points", measured, "accuracy", 100.0),
        _figure("NLL, nats", measured, "nll", -1.0),
    ]


def _metrics(project: Path) -> dict[str, dict[str, float]]:
    content = json.loads((project / "data/07_reports/metrics.json").read_text(encoding="utf-8"))
    return {model: content[model] for model in ("teacher", "control", "student")}


def _figure(
    name: str, measured: list[dict[str, dict[str, float]]], key: str, scale: float
) -> Figure:
    gains = [scale * (run["student"][key] - run["control"][key]) for run in measured]
    error = stdev(gains) / sqrt(len(gains))
    means = {
        model: mean(run[model][key] for run in measured)
        for model in ("teacher", "control", "student")
    }
    described = ", ".join(f"{model} {value:.4f}" for model, value in means.items())
    return Figure(
        f"gain in {name}, mean of {len(gains)} seeds ({described})",
        f"{mean(gains):.3f} ± {error:.3f} (standard error)",
        f">= {ERRORS:g} standard errors",
        mean(gains) >= ERRORS * error and mean(gains) > 0,
        {"gains": gains, "standard_error": error, "means": means},
    )
