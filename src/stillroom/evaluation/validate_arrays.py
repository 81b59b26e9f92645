"""Validation: converts arrays to the stated type and shape, or raises a DataError.

Every measure in this folder calls these checks first, so none can use arrays that do not match.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError

Probabilities = NDArray[np.float64]
Labels = NDArray[np.int64]

# The sum of a float32 softmax over 1,000 classes differs from 1 by about 1e-5. A row whose sum
# differs by more than this is no softmax.
SUM_TOLERANCE = 1e-3


def checked_probabilities(values: NDArray[Any], name: str) -> Probabilities:
    """Return `values` as float64, [N, C] with N >= 1 and C >= 2; `name` is used in the error.

    Raises:
        DataError: the shape is another, an entry is NaN, infinite or negative, or a row does not
            sum to one.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise DataError(f"{name} has shape {array.shape}; it must be [N >= 1, C >= 2].")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise DataError(
            f"{name} is not finite in row {row}. The model has diverged. Train it again."
        )
    off = np.abs(array.sum(axis=1) - 1)
    if array.min() < 0 or off.max() > SUM_TOLERANCE:
        row = int(np.argmax(np.where(array.min(axis=1) < 0, np.inf, off)))
        raise DataError(
            f"{name} is no distribution in row {row}: the sum is {array[row].sum():.6g}, the "
            f"smallest entry is {array[row].min():.6g}. Give probabilities, not logits."
        )
    return array


def checked_labels(values: NDArray[Any], shape: tuple[int, ...]) -> Labels:
    """Return `values` as int64, [N], each an index into the C classes of `shape` = (N, C).

    Raises:
        DataError: the length differs from N, the values are not integers, or one is not a class.
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.shape[0] != shape[0]:
        raise DataError(
            f"labels has shape {array.shape}; it must be [{shape[0]}], for {shape[0]} rows."
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise DataError(f"labels has dtype {array.dtype}; it must hold integers.")
    if array.min() < 0 or array.max() >= shape[1]:
        raise DataError(
            f"labels runs from {array.min()} to {array.max()}; allowed is 0 to {shape[1] - 1}."
        )
    return array.astype(np.int64)


def require_same_shape(values: Probabilities, teacher: Probabilities) -> None:
    """Require that two arrays can have the same examples and classes.

    Raises:
        DataError: the shapes differ.
    """
    if values.shape != teacher.shape:
        raise DataError(
            f"probabilities has shape {values.shape}, but the teacher's have {teacher.shape}; "
            "both must have the same examples and classes."
        )


def require_class_names(classes: list[str], count: int) -> None:
    """Require one name for each class.

    Raises:
        DataError: the length differs from `count`.
    """
    if len(classes) != count:
        raise DataError(
            f"{len(classes)} class names for {count} classes; each class needs one name."
        )
