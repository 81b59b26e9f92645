"""Bootstrap: paired scores in, their mean and its 95% interval out.

    Scores [S, N] ──resampled examples, seeds by Student's t──> replicates ──> Estimate

Two things are random: the examples of the test split, and the seed of each training. There are many
examples, and they are resampled (Efron 1979). There are only three seeds: three resampled numbers
have 10 different means, and the variance of these means is two thirds of the true one. So a
replicate adds a draw from Student's t with S - 1 degrees of freedom instead. Its scale is the
difference between seeds beyond what their examples explain. docs/report.md gives the error rates of
this method.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.statistics.scores import Doubles, Scores

RESAMPLES = 4000
LEVEL = 0.95
# More distinct values than this are resampled in this many groups of examples, not one by one. The
# spread stays the same within 2%, and 10,000 values take a tenth of the time.
GROUPS = 1000
# How many drawn numbers are held in memory at once.
HELD = 2**22


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, and the 95% interval around it."""

    value: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """Whether the whole interval is above zero."""
        return self.low > 0

    @property
    def is_below_zero(self) -> bool:
        """Whether the whole interval is below zero."""
        return self.high < 0

    @property
    def is_clear(self) -> bool:
        """Whether zero is outside the interval."""
        return self.is_above_zero or self.is_below_zero


@dataclass(frozen=True, slots=True)
class Spread:
    """The two variances behind the mean of scores.

    Attributes:
        examples: the variance between examples; divided by N it is the variance of the mean.
        seeds: the variance between seeds, beyond what the random choice of examples explains.
    """

    examples: float
    seeds: float


def spread(scores: Scores) -> Spread:
    """Return both variances, by the method of moments for a two-way layout.

    The means of the rows vary by the seeds and by the residuals of the cells, after the effects of
    row and column are removed. The part of the residuals is subtracted. Source: Searle, Casella and
    McCulloch, Variance Components (1992), section 4.3. For examples with several answers the mean
    is linearised as a ratio of sums (Cochran, Sampling Techniques, 1977, section 6.4).
    """
    apart = (scores.sums - scores.value * scores.counts) / scores.counts.mean()
    columns = apart.mean(axis=0)
    examples = float(columns.var(ddof=1)) if scores.examples > 1 else 0.0
    if scores.seeds == 1:
        return Spread(examples, 0.0)
    rows = apart.mean(axis=1)
    if scores.examples == 1:  # one example explains no difference between seeds
        return Spread(examples, float(rows.var(ddof=1)))
    cells = apart - columns - rows[:, None]
    freedom = (scores.seeds - 1) * (scores.examples - 1)
    noise = float((cells**2).sum()) / freedom / scores.examples
    return Spread(examples, max(0.0, float(rows.var(ddof=1)) - noise))


def estimate(scores: Scores, seed: int = 0) -> Estimate:
    """Return the mean and its 95% interval; the same `seed` gives the same interval."""
    draws = np.random.default_rng(seed)
    (means,) = _of_examples([scores], draws)
    return Estimate(scores.value, *_ends(means + _of_few(scores, draws) + _of_seeds(scores, draws)))


def estimate_of_share(part: Scores, whole: Scores, seed: int = 0) -> Estimate | None:
    """Return part / whole, with both on the same draws; None if the whole may be zero.

    An effect of a seed that changes both in the same ratio does not change the ratio. So the
    variance of the ratio is that of part - ratio · whole (Cochran, Sampling Techniques, 1977,
    section 6.4).

    Raises:
        DataError: the scores are of different examples.
    """
    if not np.array_equal(part.counts, whole.counts):
        raise DataError(
            "a share needs scores of the same examples. Run `kedro run --pipeline=evaluate`."
        )
    if not estimate(whole, seed).is_clear:
        return None
    draws = np.random.default_rng(seed)
    parts, wholes = _of_examples([part, whole], draws)
    share = part.value / whole.value
    rest = Scores(part.sums - share * whole.sums, part.counts)
    beside = (_of_few(rest, draws) + _of_seeds(rest, draws)) / whole.value
    # A draw whose whole is zero has no share. There are few, since zero is outside the interval.
    some = wholes != 0
    return Estimate(share, *_ends(parts[some] / wholes[some] + beside[some]))


def standard_error(scores: Scores) -> float:
    """Return the standard error of the mean, over the choice of examples and of seeds."""
    varied = spread(scores)
    return float(np.sqrt(varied.examples / scores.examples + varied.seeds / scores.seeds))


def _of_examples(several: Sequence[Scores], draws: np.random.Generator) -> list[Doubles]:
    """Return the replicates of each mean, with the same resampled examples for all."""
    columns = [scores.sums.mean(axis=0) for scores in several]
    *sums, counts = _drawn(np.stack([*columns, several[0].counts], axis=1), draws).T
    return [np.asarray(of_one / np.maximum(counts, 1)) for of_one in sums]


def _drawn(rows: Doubles, draws: np.random.Generator) -> Doubles:
    """Return the sums over N rows of [N, K], resampled with replacement: [RESAMPLES, K]."""
    # Equal rows are interchangeable, so it is enough to draw how often each value occurs.
    values, times = np.unique(rows, axis=0, return_counts=True)
    if len(values) > GROUPS:
        values, times = _grouped(rows, draws), np.ones(GROUPS, dtype=np.int64)
    size, parts, count = max(1, HELD // len(values)), [], int(times.sum())
    for start in range(0, RESAMPLES, size):
        some = min(size, RESAMPLES - start)
        parts.append(draws.multinomial(count, times / count, some) @ values)
    return np.concatenate(parts)


def _grouped(rows: Doubles, draws: np.random.Generator) -> Doubles:
    """Return the sums over `GROUPS` random groups of the rows, as equal in size as possible."""
    group = draws.permutation(np.arange(len(rows)) % GROUPS)
    sums = np.zeros((GROUPS, rows.shape[1]))
    np.add.at(sums, group, rows)
    return sums


def _of_few(scores: Scores, draws: np.random.Generator) -> Doubles:
    """Return the effect of one more example that differs as much as the largest, [RESAMPLES].

    With many examples the effect vanishes. If only few examples differ at all, resamples are too
    similar to each other. The correction corresponds to the half count that is added to each cell
    of the discordant pairs of two models (Agresti and Min, Statistics in Medicine 24, 2005).
    """
    columns = (scores.sums.mean(axis=0) - scores.value * scores.counts) / scores.counts.mean()
    return draws.normal(0, np.abs(columns).max() / scores.examples, RESAMPLES)


def _of_seeds(scores: Scores, draws: np.random.Generator) -> Doubles:
    """Return the random effect of other seeds on the mean, [RESAMPLES]."""
    between = spread(scores).seeds
    if not between:
        return np.zeros(RESAMPLES)
    return draws.standard_t(scores.seeds - 1, RESAMPLES) * np.sqrt(between / scores.seeds)


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
