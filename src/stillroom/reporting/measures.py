"""Measures: metrics and cost in, the numbers as text, ready for a table, out.

The page and the terminal show the same numbers with the same digits; both take them from here.
"""

from collections.abc import Callable
from dataclasses import dataclass

Numbers = dict[str, dict[str, int | float]]

MODELS = ("teacher", "control", "student")


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table: what is measured, how it is read, and the text per model."""

    name: str
    meaning: str
    texts: tuple[str, ...]


def quality_measures(metrics: Numbers) -> tuple[Measure, ...]:
    """Return how good the models are, in the table's order, with a text per model of `MODELS`."""
    return (
        _measure("Accuracy", "share right, higher is better", metrics, "accuracy", percent),
        _measure("NLL", "nats, lower is better", metrics, "nll", _nats),
        *_of_language(metrics),
        _measure("ECE", "calibration error, lower is better", metrics, "ece", percent),
        _measure("Agreement", "same first choice as the teacher", metrics, "agreement", percent),
        _measure("KL to teacher", "nats, lower is closer", metrics, "kl_to_teacher", _nats),
    )


def is_language(metrics: Numbers) -> bool:
    """Tell whether the models are language models, whose answers are tokens."""
    return "nll_standard_error" in metrics["gain"]


def _of_language(metrics: Numbers) -> tuple[Measure, ...]:
    if "perplexity" not in metrics["student"]:  # which hidden tokens do not have
        return ()
    return (
        _measure("Perplexity", "of a token, lower is better", metrics, "perplexity", _two_decimals),
        _measure("Bits per byte", "of text, lower is better", metrics, "bits_per_byte", _nats),
    )


def cost_measures(cost: Numbers) -> tuple[Measure, ...]:
    """Return what the models take, in the table's order, with a text per model of `MODELS`."""
    return (
        _measure("Parameters", "all members together", cost, "parameters", _count),
        _measure("Weights", "megabytes", cost, "megabytes", _two_decimals),
        _measure("Time", "ms per image, one at a time", cost, "ms_per_image", _two_decimals),
    )


def percent(share: float) -> str:
    """Return a share of one as percent with one decimal."""
    return f"{100 * share:.1f}%"


def _measure(
    name: str, meaning: str, numbers: Numbers, key: str, text: Callable[[float], str]
) -> Measure:
    return Measure(name, meaning, tuple(text(numbers[model][key]) for model in MODELS))


def _nats(value: float) -> str:
    return f"{value:.3f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _two_decimals(value: float) -> str:
    return f"{value:,.2f}"
