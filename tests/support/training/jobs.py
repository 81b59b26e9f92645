"""Training jobs of small perceptrons: settings, fits, jobs, and rows in memory."""

import signal
from pathlib import Path
from typing import Any

import torch
from support.examples.image_examples import ImageExamples
from support.objectives.objective_config import HINTON

from stillroom.config.schema import Architecture, Optimisation, Trainer, Transfer
from stillroom.data.views.image_views import PLAIN
from stillroom.io.json.json_files import read_json
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.job import Fit, Job
from stillroom.training.resume_state import CURVES, gather_models
from stillroom.training.signals import StopRequest


def fitted(**changes: Any) -> Optimisation:
    """Return the settings of a small fit."""
    values: dict[str, Any] = {
        "optimiser": "adamw",
        "epochs": 3,
        "batch_size": 16,
        "batch_tokens": None,
        "lr": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.01,
        "warmup": 0.1,
        "clip": None,
        "accumulate": 1,
        "patience": None,
        "keep": "nll",
    }
    return Optimisation(**(values | changes))


def a_trainer(**changes: Any) -> Trainer:
    """Return the settings of one process on the CPU."""
    values: dict[str, Any] = {
        "accelerator": "cpu",
        "devices": 1,
        "strategy": "ddp",
        "precision": "auto",
        "gradient_checkpointing": False,
        "threads": 1,
        "workers": 0,
        "memory_gb": 4.0,
        "checkpoint_steps": 1000,
    }
    return Trainer(**(values | changes))


def a_fit(name: str = "student", epochs: int = 3, **changes: Any) -> Fit:
    """Return a fit of a small perceptron."""
    values: dict[str, Any] = {
        "name": name,
        "architecture": Architecture(name="mlp", options={"hidden": [8]}),
        "optimisation": fitted(epochs=epochs),
        "rows": "all",
        "objective": None,
        "seed": 0,
        "shift": 0,
        "label_smoothing": 0.0,
        "output": name,
    }
    return Fit(**(values | changes))


def a_job(made: ImageExamples, folder: Path, **changes: Any) -> Job:
    """Return a job of one small fit; what is unfinished lies in `folder`."""
    values: dict[str, Any] = {
        "examples": str(made.examples.path),
        "encoder": str(made.encoder),
        "soft_labels": None,
        "folder": str(folder),
        "fits": [a_fit()],
        "trainer": a_trainer(),
    }
    return Job(**(values | changes))


def train_here(job: Job, target: Path) -> Any:
    """Train as `launch.train` does, in this process: a worker takes four seconds to start."""
    from stillroom.training.process.worker import run  # imports Lightning; few need it

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    threads = torch.get_num_threads()
    Path(job.folder).mkdir(parents=True, exist_ok=True)
    try:
        run(job, StopRequest())
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    gather_models(job, target)
    return read_json(Path(job.folder) / CURVES)


def numbered_rows(count: int) -> MemoryDataset:
    """Return rows whose input, label and key are their number."""
    return MemoryDataset(
        inputs=torch.arange(float(count)).view(-1, 1),
        labels=torch.arange(count),
        example_ids=[n.to_bytes(16, "big") for n in range(count)],
        views=PLAIN,
        variants=[(0, 0)],
        targets=[],
    )


OBJECTIVE = HINTON
TRAINER = a_trainer()
EVERYTHING = Transfer(share=1.0, without=[], balance=[])
