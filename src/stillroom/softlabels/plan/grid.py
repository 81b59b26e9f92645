"""Candidates: what a plan compares, from one entry in a distribution up to every class.

classes, what pilots saw ──> full, and each sparsifier at about 1, 2, 3, 5, 8, … entries
"""

from collections.abc import Sequence

import numpy as np

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.pilot import Pilot
from stillroom.softlabels.capture.solve_threshold import ThresholdRequest, Wanted
from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Full, Sample, TopK

ENTRIES = (1, 2, 3, 5, 8, 16, 32, 64, 128, 256)
# More draws than this cost a teacher's answer more time than they are worth in bytes.
MOST_DRAWS = 4096


def candidates(
    classes: int, pilots: Sequence[Pilot], temperatures: tuple[float, ...], temperature: float
) -> list[Wanted]:
    """Return what to compare, kind by kind, by rising number of entries.

    Args:
        classes: C; nothing but `full` keeps so many entries.
        pilots: what each teacher's answers to the sample look like at `temperature`.
        temperatures: at which top-k keeps log Z.
        temperature: at which the others are unbiased.
    """
    sizes = [k for k in ENTRIES if k < classes]
    possible = [k for k in sizes if all(_has_tau(pilot, k) for pilot in pilots)]
    draws = [draws_for(k, pilots) for k in sizes]
    return [
        Full(),
        *(TopK(k=k, temperatures=temperatures) for k in sizes),
        *(ThresholdRequest(float(k), temperature) for k in possible),
        *(FixedThreshold(k=k, temperature=temperature) for k in sizes),
        *(Sample(draws=n, temperature=temperature) for n in dict.fromkeys(draws) if n is not None),
    ]


def draws_for(entries: float, pilots: Sequence[Pilot]) -> int | None:
    """Return how many draws give so many distinct ids on average; None where too many would."""
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
    """Return the expected number of distinct ids among so many draws: sum of 1 - (1 - p)^draws."""
    return float(np.mean([_distinct(draws, pilot) for pilot in pilots]))


def _distinct(draws: int, pilot: Pilot) -> float:
    seen = pilot.counts > 0
    p = (pilot.masses[seen] / pilot.counts[seen]).clip(max=1)
    with np.errstate(divide="ignore"):  # p = 1 is drawn for certain, by way of log 0
        found = pilot.counts[seen] @ -np.expm1(draws * np.log1p(-p))
    # Below the smallest bin an id is drawn twice so rarely that each draw is a new one.
    rest = max(pilot.positions - float(pilot.masses.sum()), 0.0) * draws
    return float(found + rest) / pilot.positions


def _has_tau(pilot: Pilot, entries: float) -> bool:
    try:
        pilot.tau(entries)
    except SoftLabelError:
        return False
    return True
