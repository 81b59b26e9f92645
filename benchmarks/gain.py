"""The gain: the distilled student against its control over five seeds, on the default data.

Student and control of a seed share start, batches and every label, so the differences are paired;
all share one cache of soft labels.
"""

import json
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

from benchmarks.project import Figure, clean_project, kedro
from stillroom.evaluation.arms import CONTROL, STUDENT
from stillroom.evaluation.statistics.comparison import Comparison
from stillroom.evaluation.statistics.evidence import Evidence

SEEDS = 5
ERRORS = 2.0


def measure_gain() -> list[Figure]:
    """Train student and control with each seed and compare them."""
    with clean_project() as project:
        kedro(
            project,
            "run",
            "--pipeline=distill",
            "--to-nodes=measure_quality",
            f"--params=evaluate.seeds={SEEDS}",
        )
        comparison = _statistics(project)
    return [
        _figure("accuracy, points", comparison.accuracy, 100.0),
        _figure("NLL, nats", comparison.log_likelihood, 1.0),
    ]


def _statistics(project: Path) -> Evidence:
    path = project / "data/07_reports/statistics.json"
    return Evidence.from_json(json.loads(path.read_text(encoding="utf-8")))


def _figure(name: str, comparison: Comparison, scale: float) -> Figure:
    students, controls = comparison.of_seeds[STUDENT], comparison.of_seeds[CONTROL]
    gains = [scale * (one - other) for one, other in zip(students, controls, strict=True)]
    error = stdev(gains) / sqrt(len(gains))
    means = {arm: mean(values) for arm, values in comparison.of_seeds.items()}
    described = ", ".join(f"{arm} {value:.4f}" for arm, value in means.items())
    return Figure(
        f"gain in {name}, mean of {len(gains)} seeds ({described})",
        f"{mean(gains):.3f} ± {error:.3f} (standard error)",
        f">= {ERRORS:g} standard errors",
        mean(gains) >= ERRORS * error and mean(gains) > 0,
        {"gains": gains, "standard_error": error, "means": means},
    )
