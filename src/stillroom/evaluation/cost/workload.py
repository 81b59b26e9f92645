"""Workload: the type of a forward function, and batches of inputs to run it on.

inputs [N, *shape] ──in order, then from the first again──> batches [size, *shape]
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError

Inputs = NDArray[Any]
# Runs a model on inputs [n, *shape], and returns when the answers are complete. It must wait for a
# device that works asynchronously, for example a GPU.
Forward = Callable[[Inputs], object]


def batches(inputs: Inputs, size: int) -> Iterator[Inputs]:
    """Yield batches [size, *shape] without end; the inputs in order, then from the first again."""
    for number in count():
        rows = np.arange(number * size, (number + 1) * size) % len(inputs)
        yield np.ascontiguousarray(inputs[rows])


def require_inputs(inputs: Inputs) -> None:
    """Require at least one input.

    Raises:
        DataError: there is no input.
    """
    if len(inputs) == 0:
        raise DataError("there is no input to run the model on; at least one is needed.")
