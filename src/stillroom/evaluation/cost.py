"""Cost: a model in, what it takes to keep and to run it out. Measured with a clock.

Numbers of a clock differ from run to run; they stand in cost.json, never in metrics.json.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError

if TYPE_CHECKING:
    from torch import nn

# The first calls pay for lazy initialisation and cold caches; they say nothing of the model.
WARM_UP = 5

Forward = Callable[[NDArray[np.float32]], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one model, or several that answer together, takes."""

    parameters: int
    weight_bytes: int
    ms_per_image: float


def together(costs: Sequence[Cost]) -> Cost:
    """Return the cost of models that all answer, one after the other, as an ensemble does."""
    return Cost(
        sum(cost.parameters for cost in costs),
        sum(cost.weight_bytes for cost in costs),
        sum(cost.ms_per_image for cost in costs),
    )


def cost(model: nn.Module, forward: Forward, inputs: NDArray[Any], images: int) -> Cost:
    """Return what `model` costs.

    Args:
        model: whose parameters are counted; one that is shared counts once.
        forward: runs the model on a batch, [1, *shape] float32.
        inputs: [N, *shape], what to run it on.
        images: how many timed calls, at least 1.

    Raises:
        DataError: there is no input to run it on, or no call to time.
    """
    tensors = list(model.parameters())
    return Cost(
        parameters=sum(tensor.numel() for tensor in tensors),
        weight_bytes=sum(tensor.numel() * tensor.element_size() for tensor in tensors),
        ms_per_image=ms_per_image(forward, inputs, images),
    )


def ms_per_image(forward: Forward, inputs: NDArray[Any], images: int) -> float:
    """Return the median time of one call of `forward` at batch 1, in milliseconds.

    The median, since a busy machine delays a few calls by a lot. Inputs are taken in turn, from
    the first again where there are fewer than `images`.

    Raises:
        DataError: there is no input to run it on, or no call to time.
    """
    import torch

    if len(inputs) == 0 or images < 1:
        raise DataError(f"{images} timed calls on {len(inputs)} inputs; at least one of each.")
    batches = [np.ascontiguousarray(inputs[i % len(inputs)][None]) for i in range(images)]
    with torch.inference_mode():
        for index in range(WARM_UP):
            forward(batches[index % images])
        return median(_milliseconds(forward, batch) for batch in batches)


def _milliseconds(forward: Forward, batch: NDArray[np.float32]) -> float:
    started = time.perf_counter()
    forward(batch)
    return (time.perf_counter() - started) * 1000
