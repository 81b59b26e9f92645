"""The table of GSM8K: scores by problem and the curves in, figures with their bounds out."""

from dataclasses import asdict
from typing import Any

from benchmarks.done import Result
from benchmarks.project import Figure
from stillroom.evaluation.statistics.bootstrap import estimate, standard_error
from stillroom.evaluation.statistics.scores import Scores

TEACHER, ALONE, CACHE, FULL = "teacher", "control", "student", "full_logits"
NAMES = {TEACHER: "teacher", ALONE: "alone", CACHE: "threshold", FULL: "full logits"}
BOUND = 3.0


def figures(
    scores: dict[str, Scores], curves: list[dict[str, Any]], steps: Result, went_on: bool
) -> list[Figure]:
    """Return the table.

    Args:
        scores: by model, the log-likelihoods of its answer tokens.
        curves: the records of training, with points within the epoch.
        steps: the results of the steps, with their times.
        went_on: whether an earlier run did some of the steps.
    """
    return [
        _means(scores),
        _gain(scores, CACHE, ALONE, BOUND),
        _gain(scores, FULL, ALONE, None),
        _gain(scores, CACHE, FULL, None),
        *(_curve(name, curves) for name in (ALONE, CACHE, FULL)),
        _time(steps, went_on),
    ]


def _means(scores: dict[str, Scores]) -> Figure:
    values = {NAMES[name]: round(-one.value, 4) for name, one in scores.items()}
    problems = scores[TEACHER].examples
    return Figure(
        f"NLL of answer tokens, {problems} held-out problems of GSM8K, nats",
        ", ".join(f"{name} {value:.4f}" for name, value in values.items()),
        "as it comes",
        None,
        dict(values),
    )


def _gain(scores: dict[str, Scores], one: str, other: str, bound: float | None) -> Figure:
    difference = scores[one] - scores[other]
    gained, error = estimate(difference), standard_error(difference)
    ratio = gained.value / error
    return Figure(
        f"gain of {NAMES[one]} over {NAMES[other]}, paired by problem",
        f"{gained.value:.4f} ({gained.low:.4f} to {gained.high:.4f}): {ratio:.1f} standard errors",
        "as it comes" if bound is None else f">= {bound:g} standard errors",
        None if bound is None else ratio >= bound,
        {**asdict(gained), "error": error},
    )


def _curve(name: str, curves: list[dict[str, Any]]) -> Figure:
    points = {row["epoch"]: row["validation_nll"] for row in curves if row["model"] == name}
    shown = ", ".join(f"{nll:.3f}" for nll in points.values())
    return Figure(f"validation NLL within the epoch, {NAMES[name]}", shown, "as it comes", None)


def _time(steps: Result, went_on: bool) -> Figure:
    minutes = {name: round(step["wall_s"] / 60, 1) for name, step in steps.items()}
    parts = ", ".join(f"{name} {value}" for name, value in minutes.items())
    more = ", in more than one run" if went_on else ""
    return Figure(
        "the whole table", f"{sum(minutes.values()):.1f} min{more} ({parts})", "as it comes", None
    )
