"""McNemar: which of two models was right on which examples in, how surprising the difference out.

It is of one pair of models on one test split. Of several seeds it says nothing, and is not asked.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class McNemar:
    """Examples on which one of two models alone is right, and what they say.

    Attributes:
        first, second: how many the first, and the second, is alone right on.
        p: probability of a difference as large as this, if each were as likely.
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
