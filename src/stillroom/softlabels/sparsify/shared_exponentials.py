"""Powers: at which temperatures exponentials are powers of one exponential.

    temperatures 20, 8, 4, 2, 1 ──> base 40: the powers 2, 5, 10, 20, 40 of exp(x / 40)

A product costs an eighth of an exponential. Read from the left, the binary digits of each power
are those of the power before it and one more: a square, times the base where that digit is 1. So a
power's last bit depends on its base and on nothing else that is computed beside it.
"""

from collections.abc import Sequence
from itertools import pairwise


def bases(temperatures: Sequence[float]) -> dict[float, float]:
    """Return the base of each temperature, by falling temperature.

    exp(x / T) is the n-th power of exp(x / base), n = base / T a whole number; where T is the base
    itself, it is computed anew.
    """
    found: dict[float, float] = {}
    left = sorted(set(temperatures), reverse=True)
    while left:
        lengths = {base: _chain(base, left) for base in (left[0], 2 * left[0])}
        base = max(lengths, key=lengths.__getitem__)  # of equal ones the first
        found |= dict.fromkeys(left[: lengths[base]], base)
        left = left[lengths[base] :]
    return found


def _chain(base: float, falling: Sequence[float]) -> int:
    """Return how many of the temperatures follow from the base, each from the one before."""
    powers = [base / temperature for temperature in falling]
    # Where the base is the first, its square takes its place: no odd power can follow.
    odd = 0 if powers[0] == 1 else 1
    pairs = enumerate(pairwise(powers), 1)
    breaks = (at for at, (low, high) in pairs if not _follows(low, high, odd))
    return next(breaks, len(powers))


def _follows(low: float, high: float, odd: int) -> bool:
    return high in (2 * low, 2 * low + odd)
