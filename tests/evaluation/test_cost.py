import time

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.cost import WARM_UP, Cost, cost, ms_per_image, together


def test_parameters_and_bytes_are_counted_once_each() -> None:
    from torch import nn

    # Two references to one layer of 3 * 4 weights and 4 biases: 16 parameters, 64 bytes.
    layer = nn.Linear(3, 4)
    measured = cost(nn.ModuleList([layer, layer]), lambda batch: batch, np.zeros((2, 3)), 3)
    assert (measured.parameters, measured.weight_bytes) == (16, 64)


def test_half_precision_weighs_half() -> None:
    from torch import nn

    measured = cost(nn.Linear(3, 4).half(), lambda batch: batch, np.zeros((1, 3)), 1)
    assert measured.weight_bytes == 32


def test_one_image_is_run_at_a_time_after_a_warm_up() -> None:
    seen: list[np.ndarray] = []
    inputs = np.arange(6, dtype=np.float32).reshape(3, 2)
    ms_per_image(seen.append, inputs, images=4)
    assert [batch.shape for batch in seen] == [(1, 2)] * (WARM_UP + 4)
    # The timed ones are the inputs in turn, from the first again.
    assert [batch[0, 0] for batch in seen[WARM_UP:]] == [0, 2, 4, 0]


def test_gradients_are_off_while_the_clock_runs() -> None:
    import torch

    modes: list[bool] = []
    ms_per_image(lambda _: modes.append(torch.is_inference_mode_enabled()), np.zeros((1, 1)), 2)
    assert all(modes)


def test_one_slow_call_does_not_move_the_median() -> None:
    calls = iter(range(100))

    def forward(_: object) -> None:
        time.sleep(0.2 if next(calls) == WARM_UP else 0.002)

    assert 2 <= ms_per_image(forward, np.zeros((1, 1)), images=5) < 100


@pytest.mark.parametrize(("rows", "images"), [(0, 5), (5, 0)])
def test_nothing_to_time_is_refused(rows: int, images: int) -> None:
    with pytest.raises(DataError, match="at least one of each"):
        ms_per_image(lambda batch: batch, np.zeros((rows, 2)), images)


def test_members_that_all_answer_cost_their_sum() -> None:
    assert together([Cost(10, 40, 1.5), Cost(5, 20, 0.25)]) == Cost(15, 60, 1.75)
