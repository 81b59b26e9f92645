"""Similarity: the teacher's soft labels in, the similarity that it sees between classes out.

    probabilities [N, C], labels [N] ──mean per class──> [C, C] ──both directions──> likeness [C, C]

A hard label lacks this knowledge: "this 4 looks like a 9" (Hinton et al. 2015,
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
    """Return [C, C]: the mean of the teacher's [N, C] rows per true class, with the diagonal.

    A class without an example has a row of zeros, since it has no mean.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    rows = checked_probabilities(teacher, "teacher's probabilities")
    truth = checked_labels(labels, rows.shape)
    means = np.zeros((rows.shape[1], rows.shape[1]))
    for label in np.unique(truth):
        means[label] = rows[truth == label].mean(axis=0)
    return means


def has_examples(similarity: Probabilities) -> NDArray[np.bool_]:
    """Return [C]: whether each class has an example, and so a mean soft label."""
    return np.asarray(similarity.any(axis=1))


def likeness(similarity: Probabilities) -> Probabilities:
    """Return [C, C], how similar two classes are: the mean of both directions, 0 on the diagonal.

    A class without an example has only one of the two directions, so its likeness is 0.
    """
    present = has_examples(similarity)
    both = np.where(present[:, None] & present, (similarity + similarity.T) / 2, 0.0)
    np.fill_diagonal(both, 0.0)
    return both


def most_alike(similarity: Probabilities, count: int) -> NDArray[np.int64]:
    """Return the indices of at most `count` classes, in the classes' order.

    They are the classes with the highest likeness to any other class; that other class is then one
    of them too. Equal classes keep their order. Classes without an example come last.
    """
    best = np.where(has_examples(similarity), likeness(similarity).max(axis=1), -1.0)
    return np.sort(np.argsort(-best, kind="stable")[:count])


def similarity_records(
    similarity: Probabilities, classes: list[str]
) -> list[dict[str, str | float]]:
    """Return one record per cell of the [C, C] matrix: actual, looks_like, probability.

    Raises:
        DataError: there is not one name per class.
    """
    require_class_names(classes, len(similarity))
    return [
        {"actual": actual, "looks_like": other, "probability": round(float(probability), 6)}
        for actual, row in zip(classes, similarity, strict=True)
        for other, probability in zip(classes, row, strict=True)
    ]
