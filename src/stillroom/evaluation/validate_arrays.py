"""Checks: arrays from anywhere in, float64 arrays of the stated shapes out, or a DataError.

Every measure of this folder begins here, so none of them can be fed pairs that do not match.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError

Probabilities = NDArray[np.float64]
Labels = NDArray[np.int64]

# A float32 softmax over 1,000 classes is off by about 1e-5; what is off by more is not one.
SUM_TOLERANCE = 1e-3


def checked_probabilities(values: NDArray[Any], name: str) -> Probabilities:
    """Return `values` as float64, [N, C] with N >= 1 and C >= 2; `name` is for the message.

    Raises:
        DataError: another shape, NaN, a negative entry, or a row that does not sum to one.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] < 1 or array.shape[1] < 2:
        raise DataError(f"{name} has shape {array.shape}; it must be [N >= 1, C >= 2].")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise DataError(f"{name} is not finite in row {row}. The model that made it has diverged.")
    off = np.abs(array.sum(axis=1) - 1)
    if array.min() < 0 or off.max() > SUM_TOLERANCE:
        row = int(np.argmax(np.where(array.min(axis=1) < 0, np.inf, off)))
        raise DataError(
            f"{name} is no distribution in row {row}: it sums to {array[row].sum():.6g}, its least "
            f"entry is {array[row].min():.6g}. Give probabilities, not logits."
        )
    return array


def checked_labels(values: NDArray[Any], shape: tuple[int, ...]) -> Labels:
    """Return `values` as int64, [N], each an index into the C classes of `shape` = (N, C).

    Raises:
        DataError: another length, not integers, or an index that no class has.
    """
    array = np.asarray(values)
    if array.ndim != 1 or array.shape[0] != shape[0]:
        raise DataError(f"labels has shape {array.shape}; there are {shape[0]} rows to go with it.")
    if not np.issubdtype(array.dtype, np.integer):
        raise DataError(f"labels has dtype {array.dtype}; it must hold integers.")
    if array.min() < 0 or array.max() >= shape[1]:
        raise DataError(
            f"labels runs from {array.min()} to {array.max()}; allowed is 0 to {shape[1] - 1}."
        )
    return array.astype(np.int64)


def require_same_shape(values: Probabilities, teacher: Probabilities) -> None:
    """Refuse two sets of rows that cannot be the same examples and classes.

    Raises:
        DataError: the shapes differ.
    """
    if values.shape != teacher.shape:
        raise DataError(
            f"probabilities has shape {values.shape} and the teacher's {teacher.shape}; "
            "they must be of the same examples and classes."
        )


def require_class_names(classes: list[str], count: int) -> None:
    """Refuse a list of names that is not one per class.

    Raises:
        DataError: the length differs from `count`.
    """
    if len(classes) != count:
        raise DataError(f"{len(classes)} class names for {count} classes; one each is needed.")
