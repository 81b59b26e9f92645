"""Training memory: its formula by hand, its words, and a real training process."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.examples.image_examples import image_examples
from support.training.jobs import a_fit, a_job, a_trainer, fitted

from benchmarks.resident import peak_of_command
from stillroom.assess.planning import training_memory as module
from stillroom.assess.planning.memory_trial import Trial
from stillroom.assess.planning.training_memory import (
    TrainingMemory,
    available_memory,
    memory_text,
    optimiser_bytes,
    training_memory,
)
from stillroom.config.schema import Architecture
from stillroom.training.job import write_job

SOURCE = Path(__file__).resolve().parents[3] / "src"
TRIAL = Trial(
    process=500,
    building=900,
    forward=300,
    step=400,
    weights=100,
    gradients=100,
    parameters=25,
    largest=10,
    in_heap=15,
    rows=7,
    batch_rows=8,
)


def memory(**changes: Any) -> TrainingMemory:
    values: dict[str, Any] = {
        "trial": TRIAL,
        "rows": 50,
        "optimiser": 200,
        "work": 80,
        "has_parts": False,
        "processes": 1,
    }
    return TrainingMemory(**(values | changes))


def test_the_peak_by_hand() -> None:
    # 0.7 of gradients and state, of which 15 of 25 values lie on the heap: 126.
    assert memory().unusable == 126
    assert memory().peak == 500 + 50 + 100 + 200 + 400 + 126
    # Between the parts of a batch, the gradients stay while the next forward pass runs.
    assert memory(has_parts=True).step == 400
    assert memory(has_parts=True, trial=replace(TRIAL, forward=350)).step == 450
    assert memory(work=310).step == 410
    assert memory(processes=2).step == 500
    assert memory(trial=replace(TRIAL, building=2000)).peak == 2000


@pytest.mark.parametrize(
    ("optimiser", "momentum", "precision", "expected"),
    [
        ("adamw", 0.9, "float32", 8),
        ("adamw", 0.9, "bf16", 8),
        ("adamw", 0.9, "bf16_master", 12),
        ("adamw", 0.9, "bf16_weights", 8),
        ("sgd", 0.9, "float32", 4),
        ("sgd", 0.0, "float32", 0),
        ("sgd", 0.0, "bf16_master", 4),
    ],
)
def test_bytes_of_the_optimiser_for_each_parameter(
    optimiser: Any, momentum: float, precision: str, expected: int
) -> None:
    how = fitted(optimiser=optimiser, momentum=momentum)
    assert optimiser_bytes(how, a_trainer(precision=precision), 1000) == 1000 * expected


def test_the_words_name_each_part_and_warn_with_a_way_out() -> None:
    large = memory(
        trial=replace(TRIAL, process=5 * 10**8, weights=10**9, step=2 * 10**9), optimiser=2 * 10**9
    )
    lines = memory_text(large, 8 * 10**9)
    assert lines[0].startswith("Training  6.34 GB of memory at the peak; 8.00 GB are available:")
    assert "weights 1.00 GB, optimiser 2.00 GB, step 2.00 GB (8 rows)" in lines[1]
    assert len(lines) == 3
    warning = " ".join(memory_text(large, 10**9)[3].split())
    assert warning.startswith("Training needs 6.34 GB of memory, but 1.00 GB are available.")
    assert "trainer.gradient_checkpointing=true" in warning
    assert len(memory_text(replace(large, processes=2), 8 * 10**9)) == 4  # both together
    assert "available" not in "".join(memory_text(large, None))
    every = [one for text in memory_text(large, 10**9) for one in text.splitlines()]
    assert max(map(len, every)) < 80


@pytest.mark.parametrize("accelerator", ["auto", "cuda"])
def test_the_line_says_that_it_is_for_the_cpu_where_another_device_trains(accelerator: str) -> None:
    both = memory(processes=2, trial=replace(TRIAL, process=5 * 10**8))
    line = memory_text(both, None, accelerator)[0]
    assert line.endswith("of memory at the peak in each process, estimated for the CPU:")
    assert len(line) < 80
    assert "CPU" not in memory_text(both, None, "cpu")[0]


def test_available_memory_is_the_kernels_within_the_limit_of_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    4000 kB\n")
    monkeypatch.setattr(module, "MEMORY", tmp_path / "meminfo")
    monkeypatch.setattr(module, "CGROUP", tmp_path)
    assert available_memory() == 4000 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory() == 4000 * 1024
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert available_memory() == 2000000
    monkeypatch.setattr(module, "MEMORY", tmp_path / "none")
    assert available_memory() is None


def test_the_expected_peak_is_that_of_a_real_training_process(tmp_path: Path) -> None:
    """Two processes that import Lightning: 12 s."""
    made = image_examples(tmp_path)
    fit = a_fit(
        architecture=Architecture(name="mlp", options={"hidden": [2048] * 5}),
        optimisation=fitted(epochs=2),
    )
    (tmp_path / "job").mkdir()
    job = a_job(made, tmp_path / "job", fits=[fit], trainer=a_trainer(checkpoint_steps=2))
    expected = training_memory(job, 0)
    write_job(job, tmp_path / "job" / "job.json")
    measured = peak_of_command(
        [sys.executable, "-m", "stillroom.training", str(tmp_path / "job" / "job.json")],
        {**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert expected.trial.weights > 6e7
    assert expected.peak == pytest.approx(measured, rel=0.15)
