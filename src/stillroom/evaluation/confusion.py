"""Confusion: answers and labels in, the predicted class for each true class out.

DVC's template `confusion` counts the rows itself, so its file has one record per test example. The
report needs the counted matrix.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.validate_arrays import (
    checked_labels,
    checked_probabilities,
    require_class_names,
)


def confusion_records(
    model: str, probabilities: NDArray[Any], labels: NDArray[Any], classes: list[str]
) -> list[dict[str, str]]:
    """Return one record per example, in the examples' order: model, actual, predicted.

    Args:
        model: the name of the model in each record.
        probabilities: [N, C].
        labels: [N], indices of the true classes.
        classes: the C names.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    rows = checked_probabilities(probabilities, "probabilities")
    truth = checked_labels(labels, rows.shape)
    require_class_names(classes, rows.shape[1])
    return [
        {"model": model, "actual": classes[actual], "predicted": classes[predicted]}
        for actual, predicted in zip(truth, rows.argmax(axis=1), strict=True)
    ]


def confusion_matrix(
    actual: NDArray[Any], predicted: NDArray[Any], class_count: int
) -> NDArray[np.int64]:
    """Return [C, C] counts: a row for each true class, a column for each answer.

    Args:
        actual: [N], indices of the true classes.
        predicted: [N], indices of the answers.
        class_count: C.

    Raises:
        DataError: the lengths differ, or an index is not a class.
    """
    truth = checked_labels(actual, (len(actual), class_count))
    answers = checked_labels(predicted, (len(actual), class_count))
    counts = np.bincount(truth * class_count + answers, minlength=class_count**2)
    return counts.reshape(class_count, class_count).astype(np.int64)
