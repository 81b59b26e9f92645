"""Wilson's interval: a counted share in, the interval of the true share out.

successes, count ──wilson──> both ends;  Estimate of a share ──within──> limited to 0 and 1
"""

from stillroom.errors import DataError
from stillroom.evaluation.statistics.bootstrap import Estimate


def wilson(successes: int, count: int) -> tuple[float, float]:
    """Return the 95% interval of the share of successes, both ends within 0 and 1.

    Wilson (1927), "Probable Inference": unlike share ± error it is not empty at 0% and 100%.

    Raises:
        DataError: there is no trial, or the successes are not between 0 and their number.
    """
    from scipy.stats import binomtest

    if count < 1 or not 0 <= successes <= count:
        raise DataError(
            f"{successes} successes in {count} trials have no interval. Give at least one trial, "
            "and at least 0 and at most as many successes as trials."
        )
    interval = binomtest(successes, count).proportion_ci(method="wilson")
    return float(interval.low), float(interval.high)


def within(share: Estimate, examples: int) -> Estimate:
    """Return a share with its interval limited to 0 and 1.

    If all answers are right, or none is, every bootstrap sample is the same and the interval would
    be empty. Then it is Wilson's interval.

    Args:
        share: the mean of answers that are 0 or 1.
        examples: the number of examples that were drawn independently.
    """
    if share.value in (0.0, 1.0):
        return Estimate(share.value, *wilson(round(share.value * examples), examples))
    return Estimate(share.value, max(0.0, share.low), min(1.0, share.high))
