"""Training runs that are killed, and what they leave: jobs, recorded steps, weights.

A worker of one device is forked from a server that has imported Lightning already: a process of its
own that can be killed, without the four seconds of imports. Several devices start under torchrun.
"""

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from support.examples.image_examples import ImageExamples
from support.training.jobs import OBJECTIVE, a_fit, a_trainer, fitted
from support.training.recorded_worker import forked_main, forked_rank

from stillroom.io.json.json_files import read_json
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.job import Fit, Job, write_job
from stillroom.training.resume_state import CURVES, gather_models

RECORDED = Path(__file__).with_name("recorded_worker.py")
SOURCE = Path(__file__).resolve().parents[3] / "src"
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["stillroom.training.process.worker"])
DROPPING = {"name": "mlp", "options": {"hidden": [8], "dropout": 0.3}}


@dataclass
class Run:
    """A job and the steps that its worker processes took."""

    job: Job

    @property
    def folder(self) -> Path:
        return Path(self.job.folder)

    @property
    def log(self) -> Path:
        return self.folder.with_suffix(".log")

    def go(self, stop_at: int | None = None, number: int = signal.SIGKILL) -> int:
        """Run the worker once, with a signal at a step if one is given; return its exit code."""
        command = self.command()
        if self.job.trainer.devices == 1:
            return self._forked(stop_at, number)
        stop = [] if stop_at is None else [str(stop_at), str(int(number))]
        with self._errors.open("a") as errors:
            process = subprocess.Popen([*command, *stop], env=self.environment, stderr=errors)
            return process.wait(timeout=120)

    def _forked(self, stop_at: int | None, number: int) -> int:
        process = FORKS.Process(
            target=forked_main,
            args=(self.folder / "job.json", self.log, self._errors, stop_at, int(number)),
        )
        process.start()
        process.join(timeout=120)
        assert process.exitcode is not None, "the worker did not end within 120 s"
        return process.exitcode

    def errors(self) -> str:
        """Return the workers' standard error."""
        return self._errors.read_text()

    @property
    def _errors(self) -> Path:
        return self.folder.with_suffix(".err")

    def command(self, epochs: int | None = None) -> list[str]:
        """Write the job, with another number of epochs if one is given; return the command."""
        self.folder.mkdir(exist_ok=True)
        fits = self.job.fits if epochs is None else [_lasting(f, epochs) for f in self.job.fits]
        write_job(replace(self.job, fits=fits), self.folder / "job.json")
        devices = self.job.trainer.devices
        several = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={devices}"]
        return [
            sys.executable,
            *(several if devices > 1 else []),
            str(RECORDED),
            f"{self.folder}/job.json",
            str(self.log),
        ]

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(SOURCE), "PYTHONHASHSEED": "0"}

    def steps(self) -> list[str]:
        """Return the steps in order; a step that ran twice is there twice."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def weights(self) -> dict[str, dict[str, torch.Tensor]]:
        return {
            fit.name: load_file(self.folder / fit.output / "best" / "model.safetensors")
            for fit in self.job.fits
        }


def run_of(made: ImageExamples, labels: SoftLabelSet, folder: Path, **trainer: Any) -> Run:
    """Return a control, and a student with soft labels: dropout, views, micro-batches."""
    fits: list[Fit] = [
        a_fit("control", optimisation=fitted(epochs=3), architecture=DROPPING),
        a_fit(
            "student",
            objective=OBJECTIVE,
            architecture=DROPPING,
            optimisation=fitted(epochs=4, optimiser="sgd", accumulate=2, clip=0.1),
        ),
    ]
    return Run(
        Job(
            examples=str(made.examples.path),
            encoder=str(made.encoder),
            soft_labels=str(labels.folder),
            folder=str(folder),
            fits=fits,
            trainer=a_trainer(**{"checkpoint_steps": 2, **trainer}),
        )
    )


def train_forked(job: Job, target: Path) -> Any:
    """Train as `launch.train` does on several devices, in forked processes without torchrun."""
    folder = Path(job.folder)
    folder.mkdir(parents=True)
    write_job(job, folder / "job.json")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    world = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "forked"}
    world |= dict.fromkeys(("WORLD_SIZE", "LOCAL_WORLD_SIZE"), str(job.trainer.devices))
    ranks = [
        FORKS.Process(
            target=forked_rank,
            args=(folder / "job.json", rank, world | {"RANK": str(rank), "LOCAL_RANK": str(rank)}),
        )
        for rank in range(job.trainer.devices)
    ]
    for process in ranks:
        process.start()
    for process in ranks:
        process.join(timeout=120)
    assert [process.exitcode for process in ranks] == [0] * len(ranks)
    gather_models(job, target)
    return read_json(folder / CURVES)


def distinct(steps: list[str]) -> list[str]:
    """Return the steps in order, each once: after a kill, some steps run a second time."""
    return list(dict.fromkeys(steps))


def same_weights(first: Run, second: Run) -> bool:
    """Return whether all models of two runs are equal bit by bit."""
    ours, theirs = first.weights(), second.weights()
    return all(
        torch.equal(value, theirs[name][key])
        for name, model in ours.items()
        for key, value in model.items()
    )


def _lasting(fit: Fit, epochs: int) -> Fit:
    return replace(fit, optimisation=replace(fit.optimisation, epochs=epochs))
