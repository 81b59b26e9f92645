"""Intervals: a share that was counted in, the range that the truth lies in out.

share, count ──wilson──> both ends;  Estimate of a share ──within──> the same, from 0 to 1
"""

import math

from stillroom.errors import DataError
from stillroom.evaluation.statistics.bootstrap import Estimate

# Of the normal distribution, for 95%.
Z_95 = 1.959964


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95% interval of a share of `count` trials, both ends within 0 and 1.

    Wilson (1927), "Probable Inference": unlike share ± error it is not empty at 0% and 100%.

    Raises:
        DataError: no trial, or a share outside of 0 to 1.
    """
    if count < 1 or not 0 <= share <= 1:
        raise DataError(f"a share of {share} of {count} trials has no interval.")
    squared = Z_95**2 / count
    centre = (share + squared / 2) / (1 + squared)
    spread = Z_95 / (1 + squared) * math.sqrt(share * (1 - share) / count + squared / (4 * count))
    return max(0.0, centre - spread), min(1.0, centre + spread)


def within(found: Estimate, examples: int) -> Estimate:
    """Return a share with an interval that no share can leave.

    Where all answers are right, or none, those drawn again would be all alike, as if nothing were
    left to chance: it is Wilson's then.

    Args:
        found: the mean of answers that are 0 or 1.
        examples: that were drawn independently.
    """
    if found.value in (0.0, 1.0):
        return Estimate(found.value, *wilson(found.value, examples))
    return Estimate(found.value, max(0.0, found.low), min(1.0, found.high))
