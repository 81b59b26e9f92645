"""Holm: the p-values of several tests in, p-values adjusted for their number out."""

from collections.abc import Sequence

import numpy as np


def holm(p: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for their number, in their order.

    If there is no effect in any test, the probability that some adjusted value is at most a is at
    most a, regardless of how the tests depend on each other.

    Source: Holm (1979), "A Simple Sequentially Rejective Multiple Test
    Procedure".
    """
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]
