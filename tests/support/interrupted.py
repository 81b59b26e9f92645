"""Training runs that are cut short, and what they left: jobs, recorded steps, weights."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from small_project import OBJECTIVE, Small, a_fit, a_trainer, fitted

from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.job import Fit, Job, write_job

RECORDED = Path(__file__).with_name("recorded_worker.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"
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
        return self.start(stop_at, number).wait(timeout=120)

    def start(
        self, stop_at: int | None = None, number: int = signal.SIGKILL
    ) -> "subprocess.Popen[bytes]":
        """Start the worker."""
        last = [] if stop_at is None else [str(stop_at), str(int(number))]
        command = [*self.command(), *last]
        with self._said.open("a") as said:
            return subprocess.Popen(command, env=self.environment, stderr=said)

    def said(self) -> str:
        """Return what the workers wrote on their standard error."""
        return self._said.read_text()

    @property
    def _said(self) -> Path:
        return self.folder.with_suffix(".err")

    def command(self, epochs: int | None = None) -> list[str]:
        """Write the job, of another number of epochs where one is given; return the command."""
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
        """Return the steps that were taken, in order; one that was taken twice is there twice."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def weights(self) -> dict[str, dict[str, torch.Tensor]]:
        return {
            fit.name: load_file(self.folder / fit.output / "best" / "model.safetensors")
            for fit in self.job.fits
        }


def run_of(made: Small, labels: SoftLabelSet, folder: Path, **trainer: Any) -> Run:
    """Return a control without and a student with soft labels; dropout, views, parts of batches."""
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


def distinct(steps: list[str]) -> list[str]:
    """Return the steps in order, each once: those that were replayed after a kill are the same."""
    return list(dict.fromkeys(steps))


def same_weights(first: Run, second: Run) -> bool:
    """Tell whether all models of two runs are equal bit by bit."""
    ours, theirs = first.weights(), second.weights()
    return all(
        torch.equal(value, theirs[name][key])
        for name, model in ours.items()
        for key, value in model.items()
    )


def _lasting(fit: Fit, epochs: int) -> Fit:
    return replace(fit, optimisation=replace(fit.optimisation, epochs=epochs))
