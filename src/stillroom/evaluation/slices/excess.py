"""Excess: the loss of each example in, how much more each slice loses than the rest out.

    loss: Scores [S, N], slices ──excesses──> Excess(value, variance, ...) of each ──p_values──> p

Slice and rest have different examples, so the variances of their means add up. They have the same
seeds, so a seed's effect on both cancels, and its effect on only one of them remains. Three seeds
are too few to estimate that effect for one slice. All slices of a kind together are enough, so
they share an estimate, as genes of a few microarrays do (Smyth 2004, "Linear Models and Empirical
Bayes Methods").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.evaluation.slices.slicing import Slice
from stillroom.evaluation.statistics.bootstrap import LEVEL, Estimate
from stillroom.evaluation.statistics.scores import Scores

# Fewer slices of a kind say too little about the seeds; then slices of all kinds are used.
FEW = 4
# Equal losses differ by the rounding of floats; this is its square, a variance.
ROUNDING = 1e-18

Rows = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Excess:
    """The loss on a slice minus the loss on the rest.

    Attributes:
        value: in the units of the loss.
        variance: of the value, over the draw of examples and seeds.
        skewness: of the value, 0 or more.
        freedom: degrees of freedom of the variance's estimate.
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
        value: the mean over seeds.
        examples: variance over other examples.
        skewed: third central moment over other examples.
        smaller: examples of the smaller of slice and rest.
        beyond: variance between the seeds' excesses, less what examples give it; may be negative.
        weight: of `beyond`, among the slices: how many examples it rests on.
    """

    value: float
    examples: float
    skewed: float
    smaller: int
    beyond: float
    weight: float


def excesses(loss: Scores, slices: Sequence[Slice]) -> list[Excess]:
    """Return the excess of each slice.

    Args:
        loss: the student's; more is worse.
        slices: each has, and leaves, at least two examples.
    """
    parts = [_parts(loss, one.rows) for one in slices]
    kinds = [one.kind for one in slices]
    results = []
    for one, kind in zip(parts, kinds, strict=True):
        alike = [part for part, other in zip(parts, kinds, strict=True) if other == kind]
        results.append(_excess(one, alike if len(alike) >= FEW else parts, loss.seeds))
    return results


def p_values(slices: Sequence[Excess]) -> list[float]:
    """Return for each slice the probability of such an excess, or more, if it loses no more.

    The tail is that of a Pearson type III distribution, as skewed as rare losses make it (Mielke
    and Berry, Permutation Methods, 2007, chapter 3), and as thick as its freedom.
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
    drawn, skewed = _drawn(loss, inside, outside)
    sizes = (inside.examples, outside.examples)
    return _Parts(
        value=float(by_seed.mean()),
        # The first holds where losses spread more in the slice than elsewhere; the second where a
        # few examples show no spread at all.
        examples=max(own, drawn),
        skewed=skewed,
        smaller=min(sizes),
        beyond=float(by_seed.var(ddof=1)) - noise if loss.seeds > 1 else 0.0,
        weight=sizes[0] * sizes[1] / loss.examples,
    )


def _own(side: Scores) -> tuple[float, float]:
    """Return the variance of a side's mean over examples, and what they give that between seeds.

    That of a mean over answers, linearised: Cochran, Sampling Techniques (1977), section 6.4.
    """
    moved = (side.sums - side.counts * side.of_seeds[:, None]) / side.counts.sum()
    means = moved.mean(axis=0)
    own = float((means**2).sum()) * side.examples / max(1, side.examples - 1)
    noise = float(((moved - means) ** 2).sum()) / max(1, side.seeds - 1)
    return own, noise


def _drawn(loss: Scores, inside: Scores, outside: Scores) -> tuple[float, float]:
    """Return variance and third moment of the excess of as many examples, drawn from them all.

    Of a sum of n of N numbers with central moments m2 and m3, drawn without replacement:
    n (N-n) / (N-1) m2, and n (N-n) (N-2n) / ((N-1) (N-2)) m3.
    """
    losses = (loss.sums - loss.value * loss.counts).mean(axis=0)
    squares = losses**2
    every, some = loss.examples, inside.examples
    ways = some * outside.examples / (every - 1)
    # From the sum over the slice to the excess.
    scale = 1 / inside.counts.sum() + 1 / outside.counts.sum()
    variance = ways * float(squares.mean()) * scale**2
    third = ways * (every - 2 * some) / max(1, every - 2) * float((squares * losses).mean())
    return float(variance), float(third * scale**3)


def _excess(one: _Parts, alike: Sequence[_Parts], seeds: int) -> Excess:
    """Return the excess, its variance between seeds being that of all slices `alike`."""
    weights = sum(part.weight for part in alike)
    between = sum(part.weight * part.beyond for part in alike) / weights
    added = max(0.0, between) / seeds
    variance = one.examples + added
    # Satterthwaite (1946).
    squares = one.examples**2 / (one.smaller - 1) + added**2 / (len(alike) * max(1, seeds - 1))
    return Excess(
        value=one.value,
        variance=variance,
        # A tail thinner than the normal one is not trusted.
        skewness=max(0.0, one.skewed) / variance**1.5 if variance else 0.0,
        freedom=variance**2 / squares if squares else 1.0,
    )
