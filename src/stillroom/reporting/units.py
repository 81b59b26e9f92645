"""Units: differences, shares, counts and intervals in, text with fixed digits out."""

from collections.abc import Callable
from dataclasses import dataclass

from stillroom.evaluation.statistics.bootstrap import Estimate

DASH = "\N{EN DASH}"


def fixed_decimals(value: float, decimals: int) -> str:
    """Return a number with `decimals` decimals, and no minus sign before a zero."""
    return f"{round(value, decimals) + 0.0:,.{decimals}f}"


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit in which a measure is shown.

    Attributes:
        name: the name of the unit, in the plural.
        scale: the factor from the measure to the unit.
        decimals: the number of decimals.
    """

    name: str
    scale: float
    decimals: int

    def number(self, value: float) -> str:
        """Return the number without its unit."""
        return fixed_decimals(self.scale * value, self.decimals)

    def amount(self, value: float) -> str:
        """Return the number and its unit."""
        return f"{self.number(value)} {self.name}"

    def interval(self, estimate: Estimate) -> str:
        """Return both ends of an interval, as `0.6 to 1.8`."""
        return f"{self.number(estimate.low)} to {self.number(estimate.high)}"

    def lost(self, estimate: Estimate) -> Estimate:
        """Return a loss as a positive number."""
        return Estimate(-estimate.value, -estimate.high, -estimate.low)


POINTS = Unit("points", 100, 1)
NATS = Unit("nats", 1, 3)


def percent(share: float) -> str:
    """Return a share of one as percent with one decimal."""
    return f"{fixed_decimals(100 * share, 1)}%"


def whole_percent(share: float) -> str:
    """Return a share of one as percent without decimals."""
    return f"{fixed_decimals(100 * share, 0)}%"


def fine_percent(share: float) -> str:
    """Return a share of one as percent with two significant digits: 87%, 4.2%, 0.031%."""
    hundredths = 100 * share
    if 0 < hundredths < 0.001:
        return "<0.001%"
    return f"{hundredths:.0f}%" if hundredths >= 9.95 else f"{hundredths:.2g}%"


def between(estimate: Estimate, share: Callable[[float], str] = percent) -> str:
    """Return a value with both ends of its interval, as `93.2% (92.1% to 94.3%)`."""
    return f"{share(estimate.value)} ({share(estimate.low)} to {share(estimate.high)})"
