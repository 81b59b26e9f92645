"""Shared exponentials: finds temperatures whose exponentials are powers of a common one.

    temperatures 20, 8, 4, 2, 1 ──> base 40: the powers 2, 5, 10, 20, 40 of exp(x / 40)

A product takes an eighth of the time of an exponential. Read from the left, the binary digits of
each power are those of the power before it and one more digit: the power is the square of the one
before, times the base if that digit is 1. So the last bit of a power depends only on its base, and
not on the other temperatures that are computed with it.
"""

from collections.abc import Sequence
from itertools import pairwise


def bases(temperatures: Sequence[float]) -> dict[float, float]:
    """Return the base of each temperature, by falling temperature.

    exp(x / T) is the n-th power of exp(x / base), where n = base / T is a whole number. If T is the
    base itself, the exponential is computed directly.
    """
    base_of: dict[float, float] = {}
    remaining = sorted(set(temperatures), reverse=True)
    while remaining:
        lengths = {base: _chain(base, remaining) for base in (remaining[0], 2 * remaining[0])}
        base = max(lengths, key=lengths.__getitem__)  # the first of several equal lengths
        base_of |= dict.fromkeys(remaining[: lengths[base]], base)
        remaining = remaining[lengths[base] :]
    return base_of


def _chain(base: float, falling: Sequence[float]) -> int:
    """Return how many of the temperatures can be computed, each from the one before it."""
    powers = [base / temperature for temperature in falling]
    # If the base is the first temperature, its square overwrites it, so no odd power can follow.
    odd = 0 if powers[0] == 1 else 1
    pairs = enumerate(pairwise(powers), 1)
    breaks = (at for at, (low, high) in pairs if not _follows(low, high, odd))
    return next(breaks, len(powers))


def _follows(low: float, high: float, odd: int) -> bool:
    return high in (2 * low, 2 * low + odd)
