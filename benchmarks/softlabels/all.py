"""Measures the figures of soft labels in a folder of data, or says why it cannot."""

from collections.abc import Callable
from pathlib import Path

from benchmarks.project import Figure
from benchmarks.softlabels.answers import answered
from benchmarks.softlabels.gemma import MissingError
from benchmarks.softlabels.increments import measure_increments
from benchmarks.softlabels.memory import measure_memory
from benchmarks.softlabels.reading import measure_reading
from benchmarks.softlabels.sizes import measure_sizes
from benchmarks.softlabels.throughput import measure_throughput


def measure_text(data: Path) -> list[Figure]:
    """Measure bytes, errors and reading on Gemma's answers."""
    with answered(data) as answers:
        return [*measure_sizes(answers), *measure_reading(answers)]


def or_missing(measure: Callable[[Path], list[Figure]], data: Path) -> list[Figure]:
    """Return the figures, or one that says what is missing and counts as not measured."""
    try:
        return measure(data)
    except MissingError as error:
        return [Figure(measure.__name__, f"not measured: {error.why}", "", None)]


def measure_labels(data: Path) -> list[Figure]:
    """Measure everything."""
    parts = (measure_throughput, measure_text, measure_increments, measure_memory)
    return [figure for measure in parts for figure in or_missing(measure, data)]
