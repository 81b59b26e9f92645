"""Grid: the sparsifiers that a plan compares, from one entry per distribution to every class.

classes, pilots ──> full, and each other sparsifier at about 1, 2, 3, 5, 8, … entries
"""

from collections.abc import Sequence

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.pilot import Pilot
from stillroom.softlabels.capture.solve_threshold import SparsifierRequest, ThresholdRequest
from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Full, Sample, TopK

ENTRIES = (1, 2, 3, 5, 8, 16, 32, 64, 128, 256)
# More samples than this take too much time per answer for the bytes that they save.
MOST_DRAWS = 4096


def candidates(
    classes: int, pilots: Sequence[Pilot], temperatures: tuple[float, ...], temperature: float
) -> list[SparsifierRequest]:
    """Return the sparsifiers to compare, kind by kind, by rising number of entries.

    Args:
        classes: C; only `full` keeps this many entries.
        pilots: statistics of each teacher's answers to the sample at `temperature`.
        temperatures: those at which top-k keeps log Z.
        temperature: the one at which the other sparsifiers are unbiased.
    """
    sizes = [k for k in ENTRIES if k < classes]
    solvable = [k for k in sizes if all(_has_tau(pilot, k) for pilot in pilots)]
    samples = [samples_for(k, pilots) for k in sizes]
    return [
        Full(),
        *(TopK(k=k, temperatures=temperatures) for k in sizes),
        *(ThresholdRequest(float(k), temperature) for k in solvable),
        *(FixedThreshold(k=k, temperature=temperature) for k in sizes),
        *(
            Sample(samples=n, temperature=temperature)
            for n in dict.fromkeys(samples)
            if n is not None
        ),
    ]


def samples_for(entries: float, pilots: Sequence[Pilot]) -> int | None:
    """Return how many samples give this average of distinct ids; None if over MOST_DRAWS."""
    low, high = 1, MOST_DRAWS
    if distinct(high, pilots) < entries:
        return None
    while low < high:
        middle = (low + high) // 2
        if distinct(middle, pilots) < entries:
            low = middle + 1
        else:
            high = middle
    return low


def distinct(draws: int, pilots: Sequence[Pilot]) -> float:
    """Return the expected number of distinct ids among the draws: the sum of 1 - (1 - p)^draws."""
    return float(np.mean([_distinct(draws, pilot) for pilot in pilots]))


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
