"""Units: a difference and its interval in, words with as many digits as it has out."""

from collections.abc import Callable
from dataclasses import dataclass

from stillroom.evaluation.statistics.bootstrap import Estimate

DASH = "\N{EN DASH}"


def told(value: float, decimals: int) -> str:
    """Return a number with so many decimals, and no minus before a zero."""
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


@dataclass(frozen=True, slots=True)
class Unit:
    """How a measure is told.

    Attributes:
        name: of one more or less, in the plural.
        scale: by which it is multiplied.
        decimals: that are shown.
    """

    name: str
    scale: float
    decimals: int

    def number(self, value: float) -> str:
        """Return the number alone."""
        return told(self.scale * value, self.decimals)

    def amount(self, value: float) -> str:
        """Return the number and its unit."""
        return f"{self.number(value)} {self.name}"

    def interval(self, found: Estimate) -> str:
        """Return both ends of an interval, as `0.6 to 1.8`."""
        return f"{self.number(found.low)} to {self.number(found.high)}"

    def lost(self, found: Estimate) -> Estimate:
        """Return a loss as a positive number."""
        return Estimate(-found.value, -found.high, -found.low)


POINTS = Unit("points", 100, 1)
NATS = Unit("nats", 1, 3)


def percent(share: float) -> str:
    """Return a share of one as percent with one decimal."""
    return f"{told(100 * share, 1)}%"


def whole_percent(share: float) -> str:
    """Return a share of one as percent without decimals."""
    return f"{told(100 * share, 0)}%"


def counted(count: int, name: str) -> str:
    """Return `1 example`, `1,200 examples`."""
    return f"{count:,} {name}" if count == 1 else f"{count:,} {name}s"


def fine_percent(share: float) -> str:
    """Return a share of one as percent with two digits that count: 87%, 4.2%, 0.031%."""
    hundredths = 100 * share
    if 0 < hundredths < 0.001:
        return "<0.001%"
    return f"{hundredths:.0f}%" if hundredths >= 9.95 else f"{hundredths:.2g}%"


def between(found: Estimate, share: Callable[[float], str] = percent) -> str:
    """Return a value with both ends of its interval, as `93.2% (92.1% to 94.3%)`."""
    return f"{share(found.value)} ({share(found.low)} to {share(found.high)})"
