"""Latency: a model's forward pass and inputs in, how long an answer takes out. By the clock.

    forward, inputs ──warm-up──one at a time──> p50 and p95, in milliseconds
                             └─32 at a time──> examples a second

Numbers of a clock differ from run to run; they stand in cost.json, never in metrics.json.
"""

import time
from dataclasses import dataclass
from itertools import islice
from statistics import median

import numpy as np

from stillroom.errors import DataError
from stillroom.evaluation.cost.workload import Forward, Inputs, batches, require_inputs

# The first calls pay for lazy initialisation and cold caches; they say nothing of the model.
WARM_UP = 5
BATCH = 32
# A large batch is seconds where one example is tens of milliseconds.
BATCHES = 5
BATCHES_OF_WARM_UP = 1


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a model takes.

    Attributes:
        ms_p50, ms_p95: of a call with one example, in milliseconds. The median, since a busy
            machine delays a few calls by a lot; the 95th percentile is what those who wait
            longest see, the machine's noise included.
        per_second_at_32: examples a second where 32 are asked at once.
    """

    ms_p50: float
    ms_p95: float
    per_second_at_32: float


def latency_of(forward: Forward, inputs: Inputs, calls: int) -> Latency:
    """Return how long a model takes.

    Args:
        forward: runs the model on inputs [n, *shape], and waits for the answers.
        inputs: [N, *shape], taken in turn, from the first again where there are too few.
        calls: how many with one example are timed, at least 1.

    Raises:
        DataError: there is no input to run it on, or no call to time.
    """
    require_inputs(inputs)
    if calls < 1:
        raise DataError(f"{calls} timed calls; at least 1 is needed.")
    alone = _milliseconds(forward, inputs, 1, WARM_UP, calls)
    together = _milliseconds(forward, inputs, BATCH, BATCHES_OF_WARM_UP, BATCHES)
    return Latency(
        ms_p50=median(alone),
        ms_p95=float(np.percentile(alone, 95)),
        per_second_at_32=1000 * BATCH / median(together),
    )


def _milliseconds(
    forward: Forward, inputs: Inputs, size: int, warm_up: int, calls: int
) -> list[float]:
    """Return the time of each call; those of the warm-up see the same inputs beforehand."""
    import torch

    # Made beforehand: to copy a batch is not the model's time.
    timed = list(islice(batches(inputs, size), calls))
    with torch.inference_mode():
        for index in range(warm_up):
            forward(timed[index % calls])
        return [_timed(forward, batch) for batch in timed]


def _timed(forward: Forward, batch: Inputs) -> float:
    started = time.perf_counter()
    forward(batch)
    return (time.perf_counter() - started) * 1000
