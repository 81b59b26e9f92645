"""Position sample: sampled inputs in, the positions of each input that a plan measures out.

inputs, how many positions fit in memory ──spread──> positions of each input

A classifier answers each row once. A sequence has hundreds of positions, and a plan holds all
logits of each position in memory.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stillroom.softlabels.capture.chunks import CaptureInput

Positions = list[NDArray[np.int64]]


def position_sample(inputs: "Sequence[CaptureInput]", most: int) -> Positions:
    """Return positions at even distances: about `most` in all, at least one for each input."""
    lengths = [len(capture_input.row.labels) for capture_input in inputs]
    share = min(1.0, most / sum(lengths))
    return [_evenly(length, max(1, int(share * length))) for length in lengths]


def _evenly(length: int, count: int) -> NDArray[np.int64]:
    """Return the middles of `count` parts of equal length."""
    return ((np.arange(count) + 0.5) * length / count).astype(np.int64)


def thinning(inputs: "Sequence[CaptureInput]", places: Positions) -> float:
    """Return the number of positions in the inputs, divided by the number in the sample."""
    return sum(len(one.row.labels) for one in inputs) / sum(map(len, places))
