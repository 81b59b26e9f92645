"""Candidate grid: the numbers of entries that a plan tries, and what a pilot says about them.

classes, pilots ──> about 1, 2, 3, 5, 8, … entries; the samples that give as many distinct ids
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify.pilot import Pilot

ENTRIES = (1, 2, 3, 5, 8, 16, 32, 64, 128, 256)
# More samples than this take too much time per answer for the bytes that they save.
MOST_DRAWS = 4096


@dataclass(frozen=True, slots=True)
class CandidateGrid:
    """What sparsifiers need to propose candidates for a plan.

    Attributes:
        classes: C; only `full` keeps this many entries.
        pilots: statistics of each teacher's answers to the sample at `temperature`.
        temperatures: those at which a truncated head should be readable.
        temperature: the one at which the others are unbiased.
    """

    classes: int
    pilots: Sequence[Pilot]
    temperatures: tuple[float, ...]
    temperature: float

    @property
    def sizes(self) -> list[int]:
        """The numbers of entries to try, rising."""
        return [k for k in ENTRIES if k < self.classes]

    def has_tau(self, entries: float) -> bool:
        """Return whether some tau gives this average number of entries, for each teacher."""
        return all(_has_tau(pilot, entries) for pilot in self.pilots)

    def samples_for(self, entries: float) -> int | None:
        """Return how many samples give this average of distinct ids; None if over MOST_DRAWS."""
        low, high = 1, MOST_DRAWS
        if self.distinct(high) < entries:
            return None
        while low < high:
            middle = (low + high) // 2
            if self.distinct(middle) < entries:
                low = middle + 1
            else:
                high = middle
        return low

    def distinct(self, draws: int) -> float:
        """Return the expected number of distinct ids among draws: the sum of 1 - (1 - p)^draws."""
        return float(np.mean([_distinct(draws, pilot) for pilot in self.pilots]))


def _distinct(draws: int, pilot: Pilot) -> float:
    is_occupied = pilot.counts > 0
    p = (pilot.masses[is_occupied] / pilot.counts[is_occupied]).clip(max=1)
    with np.errstate(divide="ignore"):  # p = 1 gives log 0, which means certainty
        binned = pilot.counts[is_occupied] @ -np.expm1(draws * np.log1p(-p))
    # An id below the smallest bin is drawn twice so rarely that each of its draws counts as new.
    rest = max(pilot.positions - float(pilot.masses.sum()), 0.0) * draws
    return float(binned + rest) / pilot.positions


def _has_tau(pilot: Pilot, entries: float) -> bool:
    try:
        pilot.tau(entries)
    except SoftLabelError:
        return False
    return True
