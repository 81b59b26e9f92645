"""Sample size: an unclear difference in, the number of examples that would show it out."""

import math

from scipy.special import ndtri

from stillroom.evaluation.statistics.bootstrap import spread
from stillroom.evaluation.statistics.scores import Scores

# Quantiles of the normal distribution: a two-sided level of 5%, and a power of 80%.
Z_LEVEL, Z_POWER = float(ndtri(0.975)), float(ndtri(0.8))
# A larger number of examples would be no useful advice.
MOST = 10_000_000


def examples_needed(difference: Scores) -> int | None:
    """Return how many examples would show a difference as large as the observed one, 4 times in 5.

    None if no number of examples would: the seeds differ too much, or there is no difference. Also
    None if the present number should have been enough, since then there are too few seeds.
    """
    varied = spread(difference)
    room = (difference.value / (Z_LEVEL + Z_POWER)) ** 2 - varied.seeds / difference.seeds
    if room * MOST <= varied.examples:
        return None
    needed = math.ceil(varied.examples / room)
    return needed if needed > difference.examples else None
