"""Needed: a difference that was not clear in, how many examples it would take to be out."""

import math

from stillroom.evaluation.statistics.bootstrap import spread
from stillroom.evaluation.statistics.scores import Scores

# Of the normal distribution: 95% both ways, and 80% of such experiments finding it.
Z_LEVEL, Z_POWER = 1.959964, 0.841621
# Beyond this a number of examples is no advice.
MOST = 10_000_000


def examples_needed(difference: Scores) -> int | None:
    """Return how many examples would show a difference as large as the one seen, 4 times in 5.

    None where no number of them would: the seeds differ by too much, or there is no difference. Nor
    where as many as there are should have shown it, since then too few seeds are what hid it.
    """
    varied = spread(difference)
    room = (difference.value / (Z_LEVEL + Z_POWER)) ** 2 - varied.seeds / difference.seeds
    if room * MOST <= varied.examples:
        return None
    needed = math.ceil(varied.examples / room)
    return needed if needed > difference.examples else None
