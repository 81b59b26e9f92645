"""Similarity: the teacher's soft labels in, what it finds similar to what out.

    probabilities [N, C], labels [N] ──mean per class──> [C, C] ──both ways──> likeness [C, C]

This is the knowledge that a hard label lacks: "this 4 looks like a 9" (Hinton et al. 2015,
arXiv 1503.02531, section 1).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.validate_arrays import (
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
    means = np.zeros((rows.shape[1], rows.shape[1]))
    for label in np.unique(truth):
        means[label] = rows[truth == label].mean(axis=0)
    return means


def has_examples(similarity: Probabilities) -> NDArray[np.bool_]:
    """Return [C]: whether a class has a mean soft label, which without an example it has not."""
    return np.asarray(similarity.any(axis=1))


def likeness(similarity: Probabilities) -> Probabilities:
    """Return [C, C], the mean of both ways off the diagonal: how alike two classes are found.

    What a class without an example is like, is known from one side alone: it is like none.
    """
    known = has_examples(similarity)
    both = np.where(known[:, None] & known, (similarity + similarity.T) / 2, 0.0)
    np.fill_diagonal(both, 0.0)
    return both


def most_alike(similarity: Probabilities, count: int) -> NDArray[np.int64]:
    """Return the indices of at most `count` classes, in the classes' order.

    They are those that have the most alike of partners, who is then among them; ties in order.
    Those without an example come last.
    """
    best = np.where(has_examples(similarity), likeness(similarity).max(axis=1), -1.0)
    return np.sort(np.argsort(-best, kind="stable")[:count])


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
