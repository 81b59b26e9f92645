"""Calibration: probabilities and labels in, the points of a reliability diagram out.

The records are flat, so that DVC and Kedro-Viz can draw them: model, bin, confidence, accuracy,
count.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.metrics import bin_of, correct
from stillroom.evaluation.validate_arrays import checked_labels, checked_probabilities


def reliability(
    model: str, probabilities: NDArray[Any], labels: NDArray[Any], bins: int
) -> list[dict[str, str | int | float]]:
    """Return one record per bin that holds an example; an empty bin has no accuracy.

    Args:
        model: the name of the model in each record.
        probabilities: [N, C].
        labels: [N], indices of the true classes.
        bins: how many bins of equal width divide the top probability, from 0 to 1.

    Returns:
        The records in the order of `bin`, from 0. Each has the mean `confidence` and the
        `accuracy` of the bin, rounded to 6 decimals, and its `count`.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    rows = checked_probabilities(probabilities, "probabilities")
    right = correct(rows, checked_labels(labels, rows.shape))
    return reliability_of(model, rows.max(axis=1), right, bins)


def reliability_of(
    model: str, confidence: NDArray[np.float64], right: NDArray[np.bool_], bins: int
) -> list[dict[str, str | int | float]]:
    """Return the same from the confidence and the correctness of each answer, [N] each."""
    bin_index = bin_of(confidence, bins)
    return [
        {
            "model": model,
            "bin": int(index),
            "confidence": round(float(confidence[bin_index == index].mean()), 6),
            "accuracy": round(float(right[bin_index == index].mean()), 6),
            "count": int((bin_index == index).sum()),
        }
        for index in np.unique(bin_index)
    ]
