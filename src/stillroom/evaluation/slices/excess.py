"""Excess: the loss of each example in, the excess of each slice over the rest out.

    loss: Scores [S, N], slices ──excesses──> Excess(value, variance, ...) of each ──p_values──> p

A slice and the rest have different examples, so the variances of their means add up. They have the
same seeds: an effect of a seed that is equal on both cancels, and only the difference remains.
Three seeds are too few to estimate it for one slice. So all slices of a kind share one estimate, as
genes do in experiments with a few microarrays (Smyth 2004, "Linear Models and Empirical Bayes
Methods").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.slices.slicing import Slice
from stillroom.evaluation.statistics.bootstrap import LEVEL, Estimate
from stillroom.evaluation.statistics.scores import Scores

# With fewer slices of a kind, the effect of the seeds is estimated from the slices of all kinds.
FEW = 4
# A smaller variance comes from the rounding of floats: this is the square of the rounding error.
ROUNDING = 1e-18

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Excess:
    """The loss on a slice minus the loss on the rest.

    Attributes:
        value: the difference, in the units of the loss.
        variance: the variance of the value, over the draw of examples and seeds.
        skewness: the skewness of the value, 0 or more.
        freedom: the degrees of freedom of the estimated variance.
    """

    value: float
    variance: float
    skewness: float
    freedom: float

    @property
    def interval(self) -> Estimate:
        """The value with its 95% interval, not adjusted for other slices."""
        from scipy.stats import t

        margin = float(t.isf((1 - LEVEL) / 2, self.freedom) * np.sqrt(self.variance))
        return Estimate(self.value, self.value - margin, self.value + margin)


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of the excess of one slice.

    Attributes:
        value: the mean of the excess over seeds.
        examples: the variance over the draw of examples.
        third_moment: the third central moment over the draw of examples.
        smaller: the number of examples in the slice or in the rest, whichever is smaller.
        beyond: the variance between seeds, minus the part that the draw of examples explains; may
            be negative.
        weight: the weight of `beyond` in the mean over slices, by the number of examples.
    """

    value: float
    examples: float
    third_moment: float
    smaller: int
    beyond: float
    weight: float


def excesses(loss: Scores, slices: Sequence[Slice]) -> list[Excess]:
    """Return the excess of each slice.

    Args:
        loss: the student's loss; more is worse.
        slices: each has at least two examples, and at least two examples are outside of it.
    """
    parts = [_parts(loss, one.rows) for one in slices]
    kinds = [one.kind for one in slices]
    results = []
    for one, kind in zip(parts, kinds, strict=True):
        alike = [part for part, other in zip(parts, kinds, strict=True) if other == kind]
        results.append(_excess(one, alike if len(alike) >= FEW else parts, loss.seeds))
    return results


def p_values(slices: Sequence[Excess]) -> list[float]:
    """Return the p-value of each slice: the probability of at least this excess by chance.

    The tail is that of a Pearson type III distribution, because rare losses are skewed (Mielke and
    Berry, Permutation Methods, 2007, chapter 3). It is as thick as Student's t with the excess's
    degrees of freedom.
    """
    from scipy.stats import norm, pearson3, t

    varied = [one for one in slices if one.variance > ROUNDING]
    deviations = np.array([one.value / one.variance**0.5 for one in varied])
    tails = pearson3.sf(deviations, np.array([one.skewness for one in varied]))
    thick = iter(t.sf(norm.isf(tails), np.array([one.freedom for one in varied])))
    return [float(next(thick)) if one.variance > ROUNDING else 1.0 for one in slices]


def _parts(loss: Scores, rows: Rows) -> _Parts:
    inside, outside = loss.some(rows), loss.some(~rows)
    by_seed = inside.of_seeds - outside.of_seeds
    own, noise = (sum(pair) for pair in zip(_own(inside), _own(outside), strict=True))
    drawn, third_moment = _drawn(loss, inside, outside)
    sizes = (inside.examples, outside.examples)
    return _Parts(
        value=float(by_seed.mean()),
        # `own` is right where losses vary more in the slice than elsewhere, `drawn` where the few
        # examples of a slice do not vary at all.
        examples=max(own, drawn),
        third_moment=third_moment,
        smaller=min(sizes),
        beyond=float(by_seed.var(ddof=1)) - noise if loss.seeds > 1 else 0.0,
        weight=sizes[0] * sizes[1] / loss.examples,
    )


def _own(side: Scores) -> tuple[float, float]:
    """Return the variance of one side's mean over examples, and its noise between seeds.

    The noise is the part of the variance between seeds that the draw of examples explains. Both are
    those of a mean over answers, linearised: Cochran, Sampling Techniques (1977),
    section 6.4.
    """
    moved = (side.sums - side.counts * side.of_seeds[:, None]) / side.counts.sum()
    means = moved.mean(axis=0)
    own = float((means**2).sum()) * side.examples / max(1, side.examples - 1)
    noise = float(((moved - means) ** 2).sum()) / max(1, side.seeds - 1)
    return own, noise


def _drawn(loss: Scores, inside: Scores, outside: Scores) -> tuple[float, float]:
    """Return variance and third moment of the excess of equally many examples, drawn from all.

    A sum of n of N numbers, drawn without replacement, has the variance n (N-n) / (N-1) m2 and the
    third moment n (N-n) (N-2n) / ((N-1) (N-2)) m3, with the central moments m2 and m3 of all.
    """
    losses = (loss.sums - loss.value * loss.counts).mean(axis=0)
    squares = losses**2
    every, some = loss.examples, inside.examples
    ways = some * outside.examples / (every - 1)
    # This turns a sum over the slice into an excess.
    scale = 1 / inside.counts.sum() + 1 / outside.counts.sum()
    variance = ways * float(squares.mean()) * scale**2
    third = ways * (every - 2 * some) / max(1, every - 2) * float((squares * losses).mean())
    return float(variance), float(third * scale**3)


def _excess(one: _Parts, alike: Sequence[_Parts], seeds: int) -> Excess:
    """Return the excess, with the variance between seeds estimated from all slices `alike`."""
    weights = sum(part.weight for part in alike)
    between = sum(part.weight * part.beyond for part in alike) / weights
    added = max(0.0, between) / seeds
    variance = one.examples + added
    # Satterthwaite (1946).
    squares = one.examples**2 / (one.smaller - 1) + added**2 / (len(alike) * max(1, seeds - 1))
    return Excess(
        value=one.value,
        variance=variance,
        # A negative skewness would make the tail thinner than the normal one, so it counts as 0.
        skewness=max(0.0, one.third_moment) / variance**1.5 if variance else 0.0,
        freedom=variance**2 / squares if squares else 1.0,
    )
