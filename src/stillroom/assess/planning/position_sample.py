"""Positions: sampled questions in, which positions of each a plan looks at out.

questions, how many positions can be held ──spread──> places of each

A class is asked once for each row. A sequence has hundreds of positions, and a plan holds all that
the teacher says at each.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stillroom.softlabels.capture.chunks import CaptureInput

Positions = list[NDArray[np.int64]]


def position_sample(inputs: "Sequence[CaptureInput]", most: int) -> Positions:
    """Return places at even distances, about `most` in all and at least one of each question."""
    lengths = [len(capture_input.row.labels) for capture_input in inputs]
    share = min(1.0, most / sum(lengths))
    return [_evenly(length, max(1, int(share * length))) for length in lengths]


def _evenly(length: int, count: int) -> NDArray[np.int64]:
    """Return the middles of `count` parts of equal length."""
    return ((np.arange(count) + 0.5) * length / count).astype(np.int64)


def thinning(inputs: "Sequence[CaptureInput]", places: Positions) -> float:
    """Return how many positions there are for one that is looked at."""
    return sum(len(one.row.labels) for one in inputs) / sum(map(len, places))
