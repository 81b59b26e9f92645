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
# The most decimals of a percentage in a band's name, which has only as many as it needs.
MOST_DECIMALS = 2

Kind = Literal["class", "confidence", "size", "condition"]


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Some of the examples.

    Attributes:
        name: the property that the examples share, as the report shows it.
        kind: the kind of this property.
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
        DataError: a label is not an index of a class.
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
        `BANDS` bands; fewer where many examples share one confidence, none where all do.
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
        unit: the unit of the sizes, in the plural.

    Returns:
        `BANDS` bands; fewer where many examples share one size, none where all do.
    """
    whole = np.asarray(sizes, dtype=np.int64)
    return [
        Slice(_size(int(low), int(whole[rows].max()), unit), "size", rows)
        for low, _, rows in _bands(whole, 1)
    ]


def by_own_size(frame: pl.DataFrame) -> list[Slice]:
    """Return bands of the column `size`, in tokens or characters; none without that column.

    Args:
        frame: N examples; if it has a column `tokens`, sizes are in tokens.
    """
    if "size" not in frame.columns:
        return []
    unit = "tokens" if "tokens" in frame.columns else "characters"
    return by_size(frame["size"].to_numpy(), unit)


def by_condition(frame: pl.DataFrame, conditions: Mapping[str, str]) -> list[Slice]:
    """Return a slice for each condition of the config.

    Args:
        frame: the N examples, with the columns that the conditions read.
        conditions: name -> expression, as in `evaluate.slices`.

    Raises:
        ConfigError: see `parsed` and `Condition.mask`.
    """
    return [
        Slice(name, "condition", parsed(text, f"evaluate.slices.{name}").mask(frame))
        for name, text in conditions.items()
    ]


def _bands(values: NDArray[Any], step: float) -> list[tuple[float, float, NDArray[np.bool_]]]:
    """Return each band's least value, the next band's least value, and its rows; [] if only one."""
    starts = [values.min(), *_beginnings(values)]
    ends = [*starts[1:], values.max() + step]
    if len(starts) == 1:
        return []
    return [
        (float(low), float(end), (values >= low) & (values < end))
        for low, end in zip(starts, ends, strict=True)
    ]


def _beginnings(values: NDArray[Any]) -> NDArray[Any]:
    """Return the least values of all bands but the first: `BANDS` - 1 or fewer.

    Equal values stay in one band, so a band begins as near as possible to an even split.
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 1:
        return distinct[1:]
    before = counts.cumsum()[:-1]
    even = np.arange(1, BANDS) * len(values) / BANDS
    nearest = np.unique(np.abs(before[:, None] - even).argmin(axis=0))
    return np.asarray(distinct[nearest + 1])


def _in_percent(confidence: Probabilities) -> tuple[Probabilities, float]:
    """Return percentages with the fewest decimals that give even bands, and their step."""
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
