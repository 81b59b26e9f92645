"""Latency: measures by the clock how long a model takes to answer.

    forward, inputs ──warm-up──one at a time──> p50 and p95, in milliseconds
                             └─32 at a time──> examples per second

These numbers differ from run to run, so they are in cost.json and never in metrics.json.
"""

import time
from dataclasses import dataclass
from itertools import islice
from statistics import median

import numpy as np

from stillroom.errors import DataError
from stillroom.evaluation.cost.workload import Forward, Inputs, batches, require_inputs

# The first calls include lazy initialisation and cold caches, which are not the model's time.
WARM_UP = 5
BATCH = 32
# A large batch takes seconds if one example takes tens of milliseconds.
BATCHES = 5
BATCHES_OF_WARM_UP = 1


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a model takes to answer.

    Attributes:
        ms_p50, ms_p95: time of a call with one example, in milliseconds. The median is given
            because a busy machine delays a few calls by a lot. The 95th percentile shows the
            slowest calls, and includes the machine's noise.
        per_second_at_32: examples per second in batches of 32.
    """

    ms_p50: float
    ms_p95: float
    per_second_at_32: float


def latency_of(forward: Forward, inputs: Inputs, calls: int) -> Latency:
    """Return how long a model takes to answer.

    Args:
        forward: runs the model on inputs [n, *shape], and waits for the answers.
        inputs: [N, *shape]; they are run in order, and from the first again if there are too few.
        calls: how many calls with one example are timed, at least 1.

    Raises:
        DataError: there is no input, or `calls` is below 1.
    """
    require_inputs(inputs)
    if calls < 1:
        raise DataError(f"{calls} timed calls; at least 1 is needed.")
    single = _milliseconds(forward, inputs, 1, WARM_UP, calls)
    together = _milliseconds(forward, inputs, BATCH, BATCHES_OF_WARM_UP, BATCHES)
    return Latency(
        ms_p50=median(single),
        ms_p95=float(np.percentile(single, 95)),
        per_second_at_32=1000 * BATCH / median(together),
    )


def _milliseconds(
    forward: Forward, inputs: Inputs, size: int, warm_up: int, calls: int
) -> list[float]:
    """Return the time of each call; the warm-up runs on the same inputs before."""
    import torch

    # The batches are copied before the calls: copying is not the model's time.
    timed = list(islice(batches(inputs, size), calls))
    with torch.inference_mode():
        for index in range(warm_up):
            forward(timed[index % calls])
        return [_timed(forward, batch) for batch in timed]


def _timed(forward: Forward, batch: Inputs) -> float:
    started = time.perf_counter()
    forward(batch)
    return (time.perf_counter() - started) * 1000
