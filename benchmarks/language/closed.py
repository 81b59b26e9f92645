"""The share of a gap that is closed: NLL of three arms in, a share with its interval out.

    NLL [seeds, tokens] of control, full, arm ──(control - arm) / (control - full)──> Estimate

Seeds and test sequences are both samples: another seed, or another text, would give another share.
The arms are paired in both, so what makes a text hard, or a start good, drops out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student_t

Doubles = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with its standard error, over seeds and sequences, and an interval of 95%."""

    value: float
    error: float
    low: float
    high: float


def gap(control: Doubles, full: Doubles, lengths: NDArray[np.int64]) -> Estimate:
    """Return by how much one arm is better than another, in nats a token.

    Args:
        control, full: [S, M], NLL of each seed's student at each token.
        lengths: [N], of the sequences that the M tokens are in, in order.

    Raises:
        ValueError: of a single seed or sequence there is no telling the error.
    """
    return _estimate(float((control - full).mean()), control - full, 1.0, lengths)


def share_closed(
    control: Doubles, full: Doubles, arm: Doubles, lengths: NDArray[np.int64]
) -> Estimate:
    """Return which share of the gap from `control` to `full` an arm closes.

    A ratio of means, with the delta method's error: Cochran, Sampling Techniques (1977), ch. 6.

    Args:
        control, full, arm: [S, M], as for `gap`.
        lengths: [N].

    Raises:
        ValueError: there is no gap to close; or as `gap`.
    """
    whole = float((control - full).mean())
    if whole <= 0:
        raise ValueError(f"full logits are no better than hard labels ({whole:.4f} nats a token)")
    share = float((control - arm).mean()) / whole
    return _estimate(share, control - arm - share * (control - full), whole, lengths)


def _estimate(value: float, apart: Doubles, scale: float, lengths: NDArray[np.int64]) -> Estimate:
    """Return a value whose error is that of the mean of `apart` [S, M], over `scale`.

    The variance of the mean over seeds crossed with sequences is at most the sum of that between
    seeds and that between sequences. Its degrees of freedom are Satterthwaite's (1946).
    """
    if len(apart) < 2 or len(lengths) < 2:
        raise ValueError(f"{len(apart)} seeds and {len(lengths)} sequences: an error takes two")
    owners = np.repeat(np.arange(len(lengths)), lengths)
    centred = apart - apart.mean()
    of_seeds = centred.mean(axis=1)
    # A sequence weighs as much as it has tokens.
    sums = np.bincount(owners, centred.mean(axis=0), len(lengths)) * len(lengths) / len(owners)
    parts = [float((one**2).sum() / (len(one) - 1) / len(one)) for one in (of_seeds, sums)]
    variance = sum(parts)
    if not variance:
        return Estimate(value, 0.0, value, value)
    degrees = [len(of_seeds) - 1, len(sums) - 1]
    freedom = variance**2 / sum(p**2 / d for p, d in zip(parts, degrees, strict=True))
    error = variance**0.5 / scale
    reach = float(student_t.ppf((1 + LEVEL) / 2, freedom)) * error
    return Estimate(value, error, value - reach, value + reach)
