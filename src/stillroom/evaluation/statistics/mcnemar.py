"""McNemar's test: on which examples each of two models is right in, a p-value out.

The test compares one pair of models on one test split. It says nothing about other seeds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class McNemar:
    """The examples on which only one of two models is right, and the test.

    Attributes:
        first, second: on how many examples only the first, or only the second, is right.
        p: probability of such a difference if both were equally likely.
    """

    first: int
    second: int
    p: float


def mcnemar(first: NDArray[Any], second: NDArray[Any]) -> McNemar:
    """Return the exact test (McNemar 1947; binomial, two-sided) of two models, [N] right or not."""
    from scipy.stats import binomtest

    one = int(np.sum(np.asarray(first, bool) & ~np.asarray(second, bool)))
    other = int(np.sum(~np.asarray(first, bool) & np.asarray(second, bool)))
    p = float(binomtest(one, one + other, 0.5).pvalue) if one + other else 1.0
    return McNemar(one, other, p)
