"""Similarity: the teacher's soft labels in, what it finds similar to what out.

This is the knowledge that a hard label lacks: "this 4 looks like a 9" (Hinton et al. 2015,
arXiv 1503.02531, section 1).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.checks import (
    Probabilities,
    checked_labels,
    checked_probabilities,
    require_class_names,
)


def mean_soft_labels(teacher: NDArray[Any], labels: NDArray[Any]) -> Probabilities:
    """Return [C, C]: the mean of the teacher's [N, C] rows, per true class, diagonal kept.

    A class without an example has a row of zeros, since it has no mean.

    Raises:
        DataError: shapes that do not match, or values that are no distribution.
    """
    rows = checked_probabilities(teacher, "teacher's probabilities")
    truth = checked_labels(labels, rows.shape)
    class_count = rows.shape[1]
    sums = np.zeros((class_count, class_count))
    np.add.at(sums, truth, rows)
    counts = np.bincount(truth, minlength=class_count)
    return sums / np.maximum(counts, 1)[:, None]


def similarity_records(
    similarity: Probabilities, classes: list[str]
) -> list[dict[str, str | float]]:
    """Return one record per cell of the [C, C] matrix: actual, looks_like, probability.

    Raises:
        DataError: not one name per class.
    """
    require_class_names(classes, len(similarity))
    return [
        {"actual": actual, "looks_like": other, "probability": round(float(probability), 6)}
        for actual, row in zip(classes, similarity, strict=True)
        for other, probability in zip(classes, row, strict=True)
    ]


def top_pairs(records: list[dict[str, str | float]], count: int) -> list[dict[str, str | float]]:
    """Return the `count` most probable records off the diagonal, the most probable first.

    Equal probabilities keep the records' order, so the choice is the same in every process.
    """
    off_diagonal = [record for record in records if record["actual"] != record["looks_like"]]
    return sorted(off_diagonal, key=lambda record: -float(record["probability"]))[:count]
