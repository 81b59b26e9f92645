"""Bootstrap: paired scores in, the interval that their mean lies in out.

    Scores [S, N] ──examples drawn again, seeds by Student's t──> replicates ──> Estimate

Two things are left to chance: which examples the test split has, and which seed a model was
trained with. Examples are many, and are drawn again (Efron 1979). Seeds are three, and three
numbers drawn again have 10 different means, whose variance is two thirds of the true one; so a
replicate adds a draw of Student's t with S - 1 degrees of freedom instead, as wide as the seeds
differ beyond what their examples explain. How often that errs, docs/report.md says.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.statistics.scores import Doubles, Scores

RESAMPLES = 4000
LEVEL = 0.95
# Values that are all different are drawn in so many groups of examples, not one by one: the spread
# is the same, to 2% of itself, and 10,000 of them take a tenth of the time.
GROUPS = 1000
# Draws that are held at once, in numbers.
HELD = 2**22


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, and the 95% interval around it."""

    value: float
    low: float
    high: float

    @property
    def is_above_zero(self) -> bool:
        """Whether all of the interval is."""
        return self.low > 0

    @property
    def is_below_zero(self) -> bool:
        """Whether all of the interval is."""
        return self.high < 0

    @property
    def is_clear(self) -> bool:
        """Whether zero lies outside of the interval."""
        return self.is_above_zero or self.is_below_zero


@dataclass(frozen=True, slots=True)
class Spread:
    """What the mean of some scores varies by.

    Attributes:
        examples: variance of one example's share in it, times N: of the mean it is this over N.
        seeds: variance between seeds, beyond what the draw of examples gives each of them.
    """

    examples: float
    seeds: float


def spread(scores: Scores) -> Spread:
    """Return both variances, by the moments of a two-way layout.

    The rows' means vary by the seeds and by what is left of a cell once row and column are taken
    off; the latter is subtracted. Source: Searle, Casella and McCulloch, Variance Components
    (1992), section 4.3; of examples of several answers, linearised as a ratio of sums (Cochran,
    Sampling Techniques, 1977, section 6.4).
    """
    apart = (scores.sums - scores.value * scores.counts) / scores.counts.mean()
    columns = apart.mean(axis=0)
    examples = float(columns.var(ddof=1)) if scores.examples > 1 else 0.0
    if scores.seeds == 1:
        return Spread(examples, 0.0)
    rows = apart.mean(axis=1)
    if scores.examples == 1:  # which explains nothing of how seeds differ
        return Spread(examples, float(rows.var(ddof=1)))
    cells = apart - columns - rows[:, None]
    freedom = (scores.seeds - 1) * (scores.examples - 1)
    noise = float((cells**2).sum()) / freedom / scores.examples
    return Spread(examples, max(0.0, float(rows.var(ddof=1)) - noise))


def estimate(scores: Scores, seed: int = 0) -> Estimate:
    """Return the mean and its 95% interval, the same for the same seed."""
    draws = np.random.default_rng(seed)
    (means,) = _of_examples([scores], draws)
    return Estimate(scores.value, *_ends(means + _of_few(scores, draws) + _of_seeds(scores, draws)))


def estimate_of_share(part: Scores, whole: Scores, seed: int = 0) -> Estimate | None:
    """Return part over whole, on the same draws of both; None where the whole may be zero.

    What a seed does to both alike is no doubt of their ratio: the ratio varies by what part less
    ratio times whole does (Cochran, Sampling Techniques, 1977, section 6.4).

    Raises:
        DataError: they are of other examples.
    """
    if not np.array_equal(part.counts, whole.counts):
        raise DataError("a share needs scores of the same examples. Run evaluate again.")
    if not estimate(whole, seed).is_clear:
        return None
    draws = np.random.default_rng(seed)
    parts, wholes = _of_examples([part, whole], draws)
    share = part.value / whole.value
    rest = Scores(part.sums - share * whole.sums, part.counts)
    beside = (_of_few(rest, draws) + _of_seeds(rest, draws)) / whole.value
    # A draw without a gap has no share of it. There are few: zero is outside of the interval.
    some = wholes != 0
    return Estimate(share, *_ends(parts[some] / wholes[some] + beside[some]))


def standard_error(scores: Scores) -> float:
    """Return that of the mean, over the draw of examples and of seeds."""
    varied = spread(scores)
    return float(np.sqrt(varied.examples / scores.examples + varied.seeds / scores.seeds))


def _of_examples(several: Sequence[Scores], draws: np.random.Generator) -> list[Doubles]:
    """Return what each of some means might have been on other examples, the same for all."""
    columns = [scores.sums.mean(axis=0) for scores in several]
    *sums, counts = _drawn(np.stack([*columns, several[0].counts], axis=1), draws).T
    return [np.asarray(of_one / np.maximum(counts, 1)) for of_one in sums]


def _drawn(rows: Doubles, draws: np.random.Generator) -> Doubles:
    """Return the sums over N rows of [N, K], drawn again with replacement: [RESAMPLES, K]."""
    # What is equal need not be told apart: how often each value was drawn is enough.
    values, times = np.unique(rows, axis=0, return_counts=True)
    if len(values) > GROUPS:
        values, times = _grouped(rows, draws), np.ones(GROUPS, dtype=np.int64)
    size, parts, count = max(1, HELD // len(values)), [], int(times.sum())
    for start in range(0, RESAMPLES, size):
        some = min(size, RESAMPLES - start)
        parts.append(draws.multinomial(count, times / count, some) @ values)
    return np.concatenate(parts)


def _grouped(rows: Doubles, draws: np.random.Generator) -> Doubles:
    """Return the sums over `GROUPS` random groups of the rows, as equal in size as can be."""
    group = draws.permutation(np.arange(len(rows)) % GROUPS)
    found = np.zeros((GROUPS, rows.shape[1]))
    np.add.at(found, group, rows)
    return found


def _of_few(scores: Scores, draws: np.random.Generator) -> Doubles:
    """Return what one example more that differs as much as any might have added, [RESAMPLES].

    Of many examples it is nothing. Where few of them differ at all, those drawn again are too much
    alike: it is what half a count more in each cell is to the discordant pairs of two models
    (Agresti and Min, Statistics in Medicine 24, 2005).
    """
    columns = (scores.sums.mean(axis=0) - scores.value * scores.counts) / scores.counts.mean()
    return draws.normal(0, np.abs(columns).max() / scores.examples, RESAMPLES)


def _of_seeds(scores: Scores, draws: np.random.Generator) -> Doubles:
    """Return what other seeds might have added to the mean, [RESAMPLES]."""
    between = spread(scores).seeds
    if not between:
        return np.zeros(RESAMPLES)
    return draws.standard_t(scores.seeds - 1, RESAMPLES) * np.sqrt(between / scores.seeds)


def _ends(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
