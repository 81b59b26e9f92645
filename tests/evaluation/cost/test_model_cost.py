"""The whole cost of one model and of several."""

import json
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from torch import nn

from stillroom.errors import DataError
from stillroom.evaluation.cost.energy import Energy
from stillroom.evaluation.cost.flops import flops_of
from stillroom.evaluation.cost.latency import Latency
from stillroom.evaluation.cost.memory_process import Memory
from stillroom.evaluation.cost.model_cost import Cost, cost_of, ensemble_cost
from stillroom.evaluation.cost.parameter_counts import Size, size_of

FIRST = Cost(
    Size(10, 8, 40),
    flops=200,
    latency=Latency(ms_p50=1.5, ms_p95=2.0, per_second_at_32=600.0),
    memory=Memory(loaded_bytes=50, peak_bytes=80),
    energy=Energy(joules=0.5, is_estimate=False),
)
SECOND = Cost(
    Size(5, 5, 20),
    flops=100,
    latency=Latency(ms_p50=0.25, ms_p95=0.5, per_second_at_32=1200.0),
    memory=Memory(loaded_bytes=20, peak_bytes=60),
    energy=Energy(joules=0.25, is_estimate=True),
)


def test_members_answer_one_after_the_other() -> None:
    cost = ensemble_cost([FIRST, SECOND])
    assert (cost.size, cost.flops) == (Size(15, 13, 60), 300)
    # 32 examples take 32/600 and 32/1200 seconds: 400 per second.
    assert cost.latency.ms_p50 == 1.75
    assert cost.latency.ms_p95 == 2.5
    assert cost.latency.per_second_at_32 == pytest.approx(400.0)
    # Both are loaded: 70. The activations are 30, then 40.
    assert cost.memory == Memory(loaded_bytes=70, peak_bytes=110)
    assert cost.energy == Energy(joules=0.75, is_estimate=True)


def test_one_member_is_itself() -> None:
    assert ensemble_cost([SECOND]) == SECOND


def test_what_was_measured_of_some_members_is_not_known_of_all() -> None:
    cost = ensemble_cost([FIRST, replace(SECOND, memory=None, energy=None)])
    assert cost.memory is None
    assert cost.energy is None


def test_no_member_is_refused() -> None:
    with pytest.raises(DataError, match="at least one is needed"):
        ensemble_cost([])


def test_numbers_have_units_that_are_read() -> None:
    cost = replace(
        FIRST,
        size=Size(1_000_000, 250_000, 4_000_000),
        memory=Memory(4_500_000, 6_250_000),
        energy=Energy(joules=7.2, is_estimate=True),
    )
    assert cost.numbers() == {
        "parameters": 1_000_000,
        "parameters_outside_embeddings": 250_000,
        "megabytes": 4.0,
        "flops": 200,
        "ms_p50": 1.5,
        "ms_p95": 2.0,
        "per_second_at_32": 600.0,
        "loaded_megabytes": 4.5,
        "peak_megabytes": 6.25,
        "watt_hours_per_thousand": 2.0,
        "energy_is_estimate": 1,
    }
    assert json.loads(json.dumps(cost.numbers())) == cost.numbers()


def test_what_was_not_measured_has_no_number() -> None:
    numbers = replace(FIRST, memory=None, energy=None).numbers()
    assert not {name for name in numbers if "energy" in name or "hours" in name or "peak" in name}


def test_a_model_is_counted_and_timed() -> None:
    layer = nn.Linear(3, 4)

    def forward(batch: np.ndarray) -> None:
        import torch

        layer(torch.from_numpy(batch))
        time.sleep(0.001)

    inputs = np.zeros((2, 3), np.float32)
    cost = cost_of(size_of(layer), partial(flops_of, forward), forward, inputs, calls=3)
    assert (cost.size, cost.flops) == (Size(16, 16, 64), 2 * 3 * 4)
    uncounted = cost_of(size_of(layer), None, forward, inputs, calls=3)
    assert uncounted.flops is None
    assert "flops" not in uncounted.numbers()
    assert ensemble_cost([cost, uncounted]).flops is None
    assert 1 <= cost.latency.ms_p50 <= cost.latency.ms_p95
