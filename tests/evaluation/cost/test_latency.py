"""Latency, of forward passes whose time is known."""

import time

import numpy as np
import pytest
import torch

from stillroom.errors import DataError
from stillroom.evaluation.cost.latency import (
    BATCH,
    BATCHES,
    BATCHES_OF_WARM_UP,
    WARM_UP,
    latency_of,
)

ONE = np.zeros((1, 2), np.float32)


def test_examples_are_run_alone_and_then_32_at_a_time_after_warm_ups() -> None:
    seen: list[np.ndarray] = []
    inputs = np.arange(6, dtype=np.float32).reshape(3, 2)
    latency_of(seen.append, inputs, calls=4)
    sizes = [len(batch) for batch in seen]
    assert sizes == [1] * (WARM_UP + 4) + [BATCH] * (BATCHES_OF_WARM_UP + BATCHES)
    # The timed batches take the inputs in turn and start again at the first: 33 begins the third.
    assert [batch[0, 0] for batch in seen[WARM_UP : WARM_UP + 4]] == [0, 2, 4, 0]
    assert seen[-1][:2, 0].tolist() == [2 * ((4 * 32) % 3), 2 * ((4 * 32 + 1) % 3)]


def test_gradients_are_off_while_the_clock_runs() -> None:
    modes: list[bool] = []
    latency_of(lambda _: modes.append(torch.is_inference_mode_enabled()), ONE, calls=2)
    assert all(modes)


def test_a_slow_call_in_ten_moves_the_95th_percentile_and_not_the_median() -> None:
    calls = iter(range(100))

    def forward(_: object) -> None:
        time.sleep(0.1 if next(calls) == WARM_UP else 0.002)

    latency = latency_of(forward, ONE, calls=10)
    assert 2 <= latency.ms_p50 < 50
    # 55% of the way from the second slowest to the slowest.
    assert latency.ms_p95 > 50


def test_throughput_is_of_examples_and_not_of_batches() -> None:
    latency = latency_of(lambda batch: time.sleep(0.01 if len(batch) > 1 else 0), ONE, calls=1)
    assert 1000 < latency.per_second_at_32 <= 3200


@pytest.mark.parametrize(
    ("rows", "calls", "words"), [(0, 5, "at least one is needed"), (1, 0, "0 timed calls")]
)
def test_nothing_to_time_is_refused(rows: int, calls: int, words: str) -> None:
    with pytest.raises(DataError, match=words):
        latency_of(lambda batch: batch, ONE[:rows], calls)
