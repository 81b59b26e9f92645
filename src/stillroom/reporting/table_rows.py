"""Table rows: metrics and cost in, their numbers as text out.

The page and the terminal show the same numbers with the same digits; both take them from here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, log10

from stillroom.evaluation.arms import CONTROL, FULL_LOGITS, STUDENT, TEACHER
from stillroom.io.json.number_groups import GroupedNumbers
from stillroom.reporting.units import percent

# The student is last, because the page highlights the last column.
ORDER = (TEACHER, CONTROL, FULL_LOGITS, STUDENT)


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of the table: the name of a measure, its meaning, and one text per model."""

    name: str
    meaning: str
    texts: tuple[str, ...]


def models_of(numbers: GroupedNumbers) -> tuple[str, ...]:
    """Return the models that have numbers, in the table's order."""
    return tuple(model for model in ORDER if model in numbers)


def quality_measures(metrics: GroupedNumbers) -> tuple[Measure, ...]:
    """Return the rows of quality, in the table's order."""
    return (
        _measure("Accuracy", "share right, higher is better", metrics, "accuracy", percent),
        _measure("NLL", "nats, lower is better", metrics, "nll", _nats),
        *_of_language(metrics),
        _measure("ECE", "calibration error, lower is better", metrics, "ece", percent),
        *_of_distributions(metrics),
        _measure("Agreement", "same first choice as the teacher", metrics, "agreement", percent),
        _measure("KL to teacher", "nats, lower is closer", metrics, "kl_to_teacher", _nats),
    )


def _of_language(metrics: GroupedNumbers) -> tuple[Measure, ...]:
    if "perplexity" not in metrics["student"]:  # hidden tokens have none
        return ()
    return (
        _measure("Perplexity", "per token, lower is better", metrics, "perplexity", _two_decimals),
        _measure("Bits per byte", "of text, lower is better", metrics, "bits_per_byte", _nats),
    )


def _of_distributions(metrics: GroupedNumbers) -> tuple[Measure, ...]:
    if "brier" not in metrics["student"]:  # for tokens only a part of each distribution is kept
        return ()
    return (_measure("Brier", "score, lower is better", metrics, "brier", _nats),)


def calibration_measures(metrics: GroupedNumbers) -> tuple[Measure, ...]:
    """Return the rows before and after temperature scaling; none without a temperature."""
    if "temperature" not in metrics["student"]:
        return ()
    return (
        _measure("ECE", "before scaling", metrics, "ece", percent),
        _measure("ECE, scaled", "logits over the temperature", metrics, "scaled_ece", percent),
        _measure("NLL", "before scaling, nats", metrics, "nll", _nats),
        _measure("NLL, scaled", "nats", metrics, "scaled_nll", _nats),
        _measure("Temperature", "above 1 is over-confident", metrics, "temperature", _two_decimals),
    )


def cost_measures(cost: GroupedNumbers) -> tuple[Measure, ...]:
    """Return the rows of cost, in the table's order.

    A cost that was not measured on this machine has no row.
    """
    estimate = ", an estimate" if cost["student"].get("energy_is_estimate") else ""
    rows = (
        ("Parameters", "all members together", "parameters", _count),
        ("Outside of embeddings", "parameters", "parameters_outside_embeddings", _count),
        ("Weights", "megabytes", "megabytes", _two_decimals),
        ("FLOPs", "per example, in millions", "flops", _millions),
        ("Latency", "ms, one example at a time, median", "ms_p50", _two_decimals),
        ("Latency, p95", "ms, 95 of 100 examples take less", "ms_p95", _two_decimals),
        ("Throughput", "examples per second, 32 at a time", "per_second_at_32", _count),
        ("Memory", "megabytes at the peak, one example at a time", "peak_megabytes", _two_decimals),
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


def _is_repeated(key: str, cost: GroupedNumbers) -> bool:
    """Tell whether a row repeats the one above it, as for models without embeddings."""
    return key == "parameters_outside_embeddings" and all(
        cost[model][key] == cost[model]["parameters"] for model in models_of(cost)
    )


def _measure(
    name: str, meaning: str, numbers: GroupedNumbers, key: str, text: Callable[[float], str]
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
    """Return a number with three significant digits, without an exponent."""
    before = floor(log10(abs(value))) + 1 if value else 1
    return f"{round(value, 3 - before):,.{max(0, 3 - before)}f}"
