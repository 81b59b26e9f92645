"""Slicing: labels, confidences and columns of the examples in, slices of the test split out.

    labels, the teacher's confidence, sizes, conditions ──> [Slice(name, kind, rows [N]), ...]

Slices by class, by confidence and by size cover the split without overlap, each kind by itself.
Slices by condition may overlap and need not cover it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.evaluation.slices.expression import parsed
from stillroom.evaluation.validate_arrays import Probabilities, checked_labels

BANDS = 4
# Digits of a percentage in the name of a band: no more than it takes to tell the bands apart.
MOST_DECIMALS = 2

Kind = Literal["class", "confidence", "size", "condition"]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Some of the examples.

    Attributes:
        name: what the examples have in common, as the report shows it.
        kind: by what the examples are sliced.
        rows: [N], whether an example belongs to the slice.
    """

    name: str
    kind: Kind
    rows: NDArray[np.bool_]


def by_class(labels: NDArray[Any], classes: Sequence[str]) -> list[Slice]:
    """Return a slice for each class that has an example, in the classes' order.

    Args:
        labels: [N], indices of the true classes.
        classes: their C names.

    Raises:
        DataError: a label that no class has.
    """
    truth = checked_labels(labels, (len(labels), len(classes)))
    return [
        Slice(f"class {name}", "class", truth == index)
        for index, name in enumerate(classes)
        if (truth == index).any()
    ]


def by_confidence(confidence: Probabilities) -> list[Slice]:
    """Return bands with about the same number of examples, from the least confident.

    Args:
        confidence: [N], the teacher's top probability of each example.

    Returns:
        `BANDS` of them; fewer where many examples share one confidence, none where all do.
    """
    percent, step = _in_percent(confidence)
    return [
        Slice(_sure(low, min(end, 100.0)), "confidence", rows)
        for low, end, rows in _bands(percent, step)
    ]


def by_size(sizes: NDArray[Any], unit: str) -> list[Slice]:
    """Return bands with about the same number of examples, from the smallest.

    Args:
        sizes: [N], whole numbers.
        unit: of the sizes, in the plural.

    Returns:
        `BANDS` of them; fewer where many examples share one size, none where all do.
    """
    whole = np.asarray(sizes, dtype=np.int64)
    return [
        Slice(_size(int(low), int(whole[rows].max()), unit), "size", rows)
        for low, _, rows in _bands(whole, 1)
    ]


def by_own_size(frame: pl.DataFrame) -> list[Slice]:
    """Return the same of the column `size`, in tokens or characters; none without it.

    Args:
        frame: N examples; those of tokens have a column of that name too.
    """
    if "size" not in frame.columns:
        return []
    unit = "tokens" if "tokens" in frame.columns else "characters"
    return by_size(frame["size"].to_numpy(), unit)


def by_condition(frame: pl.DataFrame, conditions: Mapping[str, str]) -> list[Slice]:
    """Return a slice for each condition of the config.

    Args:
        frame: the N examples, with what the conditions ask of them.
        conditions: name -> expression, as in `evaluate.slices`.

    Raises:
        ConfigError: see `parsed` and `Condition.mask`.
    """
    return [
        Slice(name, "condition", parsed(text, f"evaluate.slices.{name}").mask(frame))
        for name, text in conditions.items()
    ]


def _bands(values: NDArray[Any], step: float) -> list[tuple[float, float, NDArray[np.bool_]]]:
    """Return of each band its least value, the next band's, and its rows; none of a single one."""
    starts = [values.min(), *_beginnings(values)]
    ends = [*starts[1:], values.max() + step]
    if len(starts) == 1:
        return []
    return [
        (float(low), float(end), (values >= low) & (values < end))
        for low, end in zip(starts, ends, strict=True)
    ]


def _beginnings(values: NDArray[Any]) -> NDArray[Any]:
    """Return the values at which bands begin, but for the first band: `BANDS` - 1 or fewer.

    Of each place that would split [N] values evenly, the nearest where one value ends.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 1:
        return distinct[1:]
    before = counts.cumsum()[:-1]
    even = np.arange(1, BANDS) * len(values) / BANDS
    nearest = np.unique(np.abs(before[:, None] - even).argmin(axis=0))
    return np.asarray(distinct[nearest + 1])


def _in_percent(confidence: Probabilities) -> tuple[Probabilities, float]:
    """Return percentages, rounded down to as few digits as make bands even, and their step."""
    for decimals in range(MOST_DECIMALS + 1):
        scale = 10.0**decimals
        # 0.29 * 100 is 28.999999999999996.
        percent = np.floor(np.clip(confidence, 0, 1) * 100 * scale + 1e-6) / scale
        bands = np.digitize(percent, _beginnings(percent))
        if np.bincount(bands).max() <= 2 * len(percent) / BANDS:
            break
    return percent, 1 / scale


def _sure(low: float, high: float) -> str:
    return f"teacher {low:g}% sure" if low == high else f"teacher {low:g}\N{EN DASH}{high:g}% sure"


def _size(low: int, high: int, unit: str) -> str:
    return f"{low:,} {unit}" if low == high else f"{low:,}\N{EN DASH}{high:,} {unit}"
