"""Measures: metrics and cost in, the numbers as text, ready for a table, out.

The page and the terminal show the same numbers with the same digits; both take them from here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, log10

from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, TEACHER
from stillroom.reporting.units import percent

Numbers = dict[str, dict[str, int | float]]

# The student last: its column is the one that the page sets off.
ORDER = (TEACHER, CONTROL, FULL_LOGITS, STUDENT)


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table: what is measured, how it is read, and the text per model."""

    name: str
    meaning: str
    texts: tuple[str, ...]


def models_of(numbers: Numbers) -> tuple[str, ...]:
    """Return the models that numbers tell of, in the table's order."""
    return tuple(model for model in ORDER if model in numbers)


def quality_measures(metrics: Numbers) -> tuple[Measure, ...]:
    """Return how good the models are, in the table's order, with a text per model."""
    return (
        _measure("Accuracy", "share right, higher is better", metrics, "accuracy", percent),
        _measure("NLL", "nats, lower is better", metrics, "nll", _nats),
        *_of_language(metrics),
        _measure("ECE", "calibration error, lower is better", metrics, "ece", percent),
        *_of_distributions(metrics),
        _measure("Agreement", "same first choice as the teacher", metrics, "agreement", percent),
        _measure("KL to teacher", "nats, lower is closer", metrics, "kl_to_teacher", _nats),
    )


def _of_language(metrics: Numbers) -> tuple[Measure, ...]:
    if "perplexity" not in metrics["student"]:  # which hidden tokens do not have
        return ()
    return (
        _measure("Perplexity", "of a token, lower is better", metrics, "perplexity", _two_decimals),
        _measure("Bits per byte", "of text, lower is better", metrics, "bits_per_byte", _nats),
    )


def _of_distributions(metrics: Numbers) -> tuple[Measure, ...]:
    if "brier" not in metrics["student"]:  # of tokens, not all of a distribution is kept
        return ()
    return (_measure("Brier", "score, lower is better", metrics, "brier", _nats),)


def calibration_measures(metrics: Numbers) -> tuple[Measure, ...]:
    """Return what a temperature that was fitted on validation does; nothing where none was."""
    if "temperature" not in metrics["student"]:
        return ()
    return (
        _measure("ECE", "as it is", metrics, "ece", percent),
        _measure("ECE, scaled", "once divided by the temperature", metrics, "scaled_ece", percent),
        _measure("NLL", "as it is, nats", metrics, "nll", _nats),
        _measure("NLL, scaled", "nats", metrics, "scaled_nll", _nats),
        _measure("Temperature", "above 1 is over-confident", metrics, "temperature", _two_decimals),
    )


def cost_measures(cost: Numbers) -> tuple[Measure, ...]:
    """Return what the models take, in the table's order, with a text per model.

    What was not measured on this machine has no row.
    """
    estimate = ", an estimate" if cost["student"].get("energy_is_estimate") else ""
    rows = (
        ("Parameters", "all members together", "parameters", _count),
        ("Outside of embeddings", "parameters", "parameters_outside_embeddings", _count),
        ("Weights", "megabytes", "megabytes", _two_decimals),
        ("FLOPs", "of one example, in millions", "flops", _millions),
        ("Latency", "ms, one example at a time, median", "ms_p50", _two_decimals),
        ("Latency, p95", "ms, 95 of 100 take less", "ms_p95", _two_decimals),
        ("Throughput", "examples per second, 32 at a time", "per_second_at_32", _count),
        ("Memory", "megabytes at the peak, one at a time", "peak_megabytes", _two_decimals),
        (
            "Energy",
            f"mWh per thousand examples{estimate}",
            "watt_hours_per_thousand",
            _thousandths,
        ),
    )
    return tuple(
        _measure(name, meaning, cost, key, text)
        for name, meaning, key, text in rows
        if all(key in cost[model] for model in models_of(cost)) and not _is_repeated(key, cost)
    )


def _is_repeated(key: str, cost: Numbers) -> bool:
    """Tell whether a row would say what the one above it says, as of models without embeddings."""
    return key == "parameters_outside_embeddings" and all(
        cost[model][key] == cost[model]["parameters"] for model in models_of(cost)
    )


def _measure(
    name: str, meaning: str, numbers: Numbers, key: str, text: Callable[[float], str]
) -> Measure:
    return Measure(name, meaning, tuple(text(numbers[model][key]) for model in models_of(numbers)))


def _nats(value: float) -> str:
    return f"{value:.3f}"


def _count(value: float) -> str:
    return f"{value:,.0f}"


def _two_decimals(value: float) -> str:
    return f"{value:,.2f}"


def _millions(value: float) -> str:
    return _three_digits(value / 1e6)


def _thousandths(value: float) -> str:
    return _three_digits(value * 1e3)


def _three_digits(value: float) -> str:
    """Return a number to three digits that count, however small or large, without an exponent."""
    before = floor(log10(abs(value))) + 1 if value else 1
    return f"{round(value, 3 - before):,.{max(0, 3 - before)}f}"
