"""Pairs: mean soft labels in, the pairs of classes that surprise most out, each with an example.

A pair (a, b) surprises where b gets far more on examples of a than on those of all other classes:

    lift = (p(b | a) + f) / (mean of p(b | c) over c other than a and b + f),   f = `FLOOR`

That is the lift of a rule "a, so b" (Brin et al. 1997, "Dynamic Itemset Counting"), with f added
so that 1e-6 over 1e-9 is no surprise. It is directed: a 3 may look like an 8 more than an 8 like
a 3.
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

# A tenth of a percent: what is below is no likeness, however rare.
FLOOR = 1e-3
# Less than twice what others get is no surprise.
LEAST_LIFT = 2.0


@dataclass(frozen=True, slots=True)
class Pair:
    """Two classes of which one looks like the other, and the example that does so most.

    Attributes:
        actual, looks_like: their names, a and b.
        probability: mean that b gets on examples of a.
        elsewhere: mean that b gets on a class other than a and b.
        lift: how much the one is above the other; see above.
        examples: of a; the means are over them.
        row: the example of a on which b gets most, from 0; the first of several.
        most: what b gets there.
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
    """Return at most `count` pairs of a lift of at least `LEAST_LIFT`, the largest first.

    Ties are in the classes' order. Of two classes none surprises, since there is no other to
    compare with.

    Args:
        teacher: [N, C], probabilities.
        labels: [N], indices of the true classes.
        classes: the C names.
        count: how many to return.

    Raises:
        DataError: shapes that do not match, or values that are no distribution.
    """
    rows = checked_probabilities(teacher, "teacher's probabilities")
    truth = checked_labels(labels, rows.shape)
    require_class_names(list(classes), rows.shape[1])
    similarity = mean_soft_labels(rows, truth)
    elsewhere = _elsewhere(similarity)
    lift = _lift(similarity, elsewhere)
    found = np.flatnonzero(lift >= LEAST_LIFT)
    best = found[np.argsort(-lift.ravel()[found], kind="stable")[:count]]
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
    """Return [C, C]; 0 where there is nothing to compare."""
    lift = (similarity + FLOOR) / (elsewhere + FLOOR)
    unknown = np.isnan(lift) | ~has_examples(similarity)[:, None]
    return np.where(unknown | np.eye(len(lift), dtype=bool), 0.0, lift)


def _elsewhere(similarity: Probabilities) -> Probabilities:
    """Return [C, C]: mean of column b over the classes other than a and b; NaN where is none.

    A class without an example has a row of zeros and is no other class.
    """
    known = has_examples(similarity)
    others = known.sum() - known.astype(np.int64)[:, None] - known
    left = similarity.sum(axis=0) - similarity - np.diag(similarity)
    return np.where(others > 0, np.maximum(left, 0.0) / np.maximum(others, 1), np.nan)
