"""Class pairs: mean soft labels in, the most surprising pairs of classes out, with an example.

A pair (a, b) is surprising if b gets a much higher probability on examples of a than on examples of
the other classes:

    lift = (p(b | a) + f) / (mean of p(b | c) over c other than a and b + f),   f = `FLOOR`

That is the lift of a rule "a, so b" (Brin et al. 1997, "Dynamic Itemset Counting"). f is added so
that 1e-6 over 1e-9 is not surprising. The lift has a direction: a 3 may look like an 8 more than an
8 looks like a 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.dark_knowledge.similarity import has_examples, mean_soft_labels
from stillroom.evaluation.validate_arrays import (
    Probabilities,
    checked_labels,
    checked_probabilities,
    require_class_names,
)

# A tenth of a percent: a probability far below this is no similarity, even if it is rare elsewhere.
FLOOR = 1e-3
# Less than twice the probability elsewhere is not surprising.
LEAST_LIFT = 2.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A class that looks like another class to the teacher, and the clearest example.

    Attributes:
        actual, looks_like: the names of the classes, a and b.
        probability: the mean probability of b on examples of a.
        elsewhere: the mean probability of b on the classes other than a and b.
        lift: the ratio of the two; see the module.
        examples: the number of examples of a.
        row: the row of the example of a with the highest probability of b, from 0; the first one
            if several are equal.
        most: the probability of b in that row.
    """

    actual: str
    looks_like: str
    probability: float
    elsewhere: float
    lift: float
    examples: int
    row: int
    most: float


def surprising_pairs(
    teacher: NDArray[Any], labels: NDArray[Any], classes: Sequence[str], count: int
) -> tuple[Pair, ...]:
    """Return at most `count` pairs with a lift of at least `LEAST_LIFT`, the largest first.

    Equal pairs keep the order of the classes. With only two classes there is no pair, since there
    is no other class to compare with.

    Args:
        teacher: [N, C], the teacher's probabilities.
        labels: [N], indices of the true classes.
        classes: the C names.
        count: how many pairs to return.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    rows = checked_probabilities(teacher, "teacher's probabilities")
    truth = checked_labels(labels, rows.shape)
    require_class_names(list(classes), rows.shape[1])
    similarity = mean_soft_labels(rows, truth)
    elsewhere = _elsewhere(similarity)
    lift = _lift(similarity, elsewhere)
    surprising = np.flatnonzero(lift >= LEAST_LIFT)
    best = surprising[np.argsort(-lift.ravel()[surprising], kind="stable")[:count]]
    pairs = []
    for actual, other in zip(*np.unravel_index(best, lift.shape), strict=True):
        mine = np.flatnonzero(truth == actual)
        row = mine[rows[mine, other].argmax()]
        pairs.append(
            Pair(
                actual=classes[actual],
                looks_like=classes[other],
                probability=float(similarity[actual, other]),
                elsewhere=float(elsewhere[actual, other]),
                lift=float(lift[actual, other]),
                examples=len(mine),
                row=int(row),
                most=float(rows[row, other]),
            )
        )
    return tuple(pairs)


def _lift(similarity: Probabilities, elsewhere: Probabilities) -> Probabilities:
    """Return the lift, [C, C]; 0 if there is no class to compare with."""
    lift = (similarity + FLOOR) / (elsewhere + FLOOR)
    unknown = np.isnan(lift) | ~has_examples(similarity)[:, None]
    return np.where(unknown | np.eye(len(lift), dtype=bool), 0.0, lift)


def _elsewhere(similarity: Probabilities) -> Probabilities:
    """Return [C, C]: the mean of column b over the classes other than a and b, or NaN without one.

    A class without an example has a row of zeros and does not count.
    """
    present = has_examples(similarity)
    others = present.sum() - present.astype(np.int64)[:, None] - present
    left = similarity.sum(axis=0) - similarity - np.diag(similarity)
    return np.where(others > 0, np.maximum(left, 0.0) / np.maximum(others, 1), np.nan)
