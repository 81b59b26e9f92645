"""The footprint: arithmetic with given readings of a gauge, and real memory pages."""

import os
import subprocess
import sys

import numpy as np
import pytest

from stillroom.evaluation.cost.memory_process import Memory
from stillroom.evaluation.cost.peak_memory import RUNS, ResidentMemory, footprint
from stillroom.training.process.launch import SOURCE

ONE = np.zeros((1, 2), np.float32)
MEGABYTE = 2**20


class Written:
    """Memory that grows by given amounts while a model is loaded and run."""

    def __init__(self) -> None:
        self.level = self.most = 100

    def now(self) -> int:
        return self.level

    def highest(self) -> int:
        return self.most

    def forget(self) -> None:
        self.most = self.level

    def take(self, level: int) -> None:
        self.level = level
        self.most = max(self.most, level)


def test_what_is_given_back_while_loading_is_no_part_of_an_answer() -> None:
    gauge = Written()
    seen = []

    def forward(batch: np.ndarray) -> None:
        seen.append(batch)
        gauge.take(175)
        gauge.take(150)

    def load() -> object:
        gauge.take(900)
        gauge.take(140)
        return forward

    assert footprint(load, ONE, gauge) == Memory(loaded_bytes=40, peak_bytes=75)
    assert len(seen) == RUNS
    assert all(batch is ONE for batch in seen)


# In a process of its own, as in use. One that has run other tests has free pages to reuse.
PAGES = """
import numpy as np
from stillroom.evaluation.cost.peak_memory import ResidentMemory, footprint
MEGABYTE = 2**20
def load():
    weights = np.ones(40 * MEGABYTE, np.uint8)
    def forward(_):
        return int(np.ones(60 * MEGABYTE, np.uint8)[0] + weights[0])
    return forward
memory = footprint(load, np.zeros((1, 2), np.float32), ResidentMemory())
print(memory.loaded_bytes, memory.activation_bytes)
"""


def test_pages_that_were_taken_and_given_back_are_seen() -> None:
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", PAGES], env=environment, capture_output=True, text=True, check=True
    )
    loaded, activations = map(int, done.stdout.split())
    assert loaded == pytest.approx(40 * MEGABYTE, abs=4 * MEGABYTE)
    assert activations == pytest.approx(60 * MEGABYTE, abs=4 * MEGABYTE)


def test_the_mark_is_set_back() -> None:
    gauge = ResidentMemory()
    np.ones(50 * MEGABYTE, np.uint8)
    gauge.forget()
    assert gauge.highest() - gauge.now() < 10 * MEGABYTE
