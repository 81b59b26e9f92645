"""Training memory: a job of one fit in, the peak of the memory that its training takes out.

    job ──memory trial, in a process of its own──> Trial ──+ optimiser──> TrainingMemory.peak

The peak is the largest of four moments: the model is built; the forward pass is over; the backward
pass is over; the optimiser steps. A checkpoint takes less, because it copies nothing. Merging an
adapter, after each best epoch, copies each adapted layer; that is not counted.
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import fill
from typing import TYPE_CHECKING

from stillroom.assess.planning.memory_trial import MODULE, Trial
from stillroom.assess.planning.plan_text import WIDTH
from stillroom.config.schema import Optimisation, Trainer
from stillroom.evaluation.cost.memory_process import run_measurement
from stillroom.io.byte_sizes import size_text
from stillroom.io.json.json_files import read_json

if TYPE_CHECKING:
    from stillroom.training.job import Job

FLOAT = 4  # bytes of a float32
# Values beside gradients and state while the largest weight is updated: AdamW's denominator and its
# square root, or SGD's look ahead; of bf16 weights also float32 weight, gradient and roundings.
WORK = {"adamw": 2, "sgd": 1}
HALF_WORK = 4
# glibc keeps freed memory in pieces between blocks that are in use. Measured with models of 30
# million parameters: 0.63 to 0.79 of the gradients and of what the optimiser keeps, in three
# settings (whole, gradient checkpointing, bf16 weights).
UNUSABLE = 0.7
MEMORY, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingMemory:
    """The memory of a training process, in bytes.

    Attributes:
        trial: what was measured.
        rows: the training rows with their soft labels.
        optimiser: the state of the optimiser, with the master copies of weights.
        work: what the optimiser's step takes beside it.
        has_parts: whether a batch is computed in several parts, so that gradients stay between
            forward passes.
        processes: how many processes train; the other numbers are those of each.
    """

    trial: Trial
    rows: int
    optimiser: int
    work: int
    has_parts: bool
    processes: int

    @property
    def step(self) -> int:
        """What a step takes beside weights and optimiser state: activations and gradients."""
        trial = self.trial
        before = trial.gradients if self.has_parts else 0
        shared = trial.gradients if self.processes > 1 else 0  # buckets in which they are summed
        at_most = max(trial.forward + before, trial.step, trial.gradients + self.work)
        return at_most + shared

    @property
    def unusable(self) -> int:
        """What the allocator holds in pieces that are too small."""
        in_heap = self.trial.in_heap / self.trial.parameters
        return int(UNUSABLE * in_heap * (self.trial.gradients + self.optimiser))

    @property
    def peak(self) -> int:
        """The peak of a process."""
        trial = self.trial
        training = trial.process + self.rows + trial.weights + self.optimiser
        return max(trial.building, training + self.step + self.unusable)

    def to_json(self) -> dict[str, int]:
        """Return the peak and its parts, in bytes."""
        parts = {name: getattr(self, name) for name in ("peak", "rows", "optimiser", "step")}
        trial = {name: getattr(self.trial, name) for name in ("weights", "process", "parameters")}
        return {**parts, **trial, "unusable": self.unusable, "processes": self.processes}


def training_memory(job: "Job", rows: int) -> TrainingMemory:
    """Return the memory that a fit takes; a trial of it runs in another process.

    Args:
        job: a job with one fit.
        rows: bytes of the soft labels of the rows.

    Raises:
        ModelError: the trial failed, and has printed the reason.
    """
    from stillroom.training.job import write_job

    with TemporaryDirectory(prefix="stillroom-") as folder:
        path, result = Path(folder) / "job.json", Path(folder) / "trial.json"
        write_job(job, path)
        run_measurement(MODULE, [str(path), str(result)])
        trial = Trial(**read_json(result))  # type: ignore[arg-type]
    how = job.fits[0].optimisation
    half = job.trainer.precision in ("bf16_master", "bf16_weights")
    return TrainingMemory(
        trial=trial,
        rows=min(trial.rows + rows, int(job.trainer.memory_gb * 1e9)),
        optimiser=optimiser_bytes(how, job.trainer, trial.parameters),
        work=FLOAT * trial.largest * (WORK[how.optimiser] + (HALF_WORK if half else 0)),
        has_parts=how.accumulate > 1,
        processes=job.trainer.devices,
    )


def optimiser_bytes(how: Optimisation, trainer: Trainer, parameters: int) -> int:
    """Return the bytes of an optimiser's state, with the master copies of bf16 weights.

    Args:
        how: names the optimiser: AdamW has two moments, SGD one, or none without momentum.
        trainer: has the precision; moments are float32 in each.
        parameters: how many values are trained.
    """
    moments = 2 if how.optimiser == "adamw" else int(how.momentum > 0)
    masters = int(trainer.precision == "bf16_master")
    return FLOAT * parameters * (moments + masters)


def available_memory() -> int | None:
    """Return the bytes that new processes can have here; None where the kernel does not say."""
    if not MEMORY.is_file():
        return None
    lines = dict(line.split(":") for line in MEMORY.read_text(encoding="ascii").splitlines())
    free = int(lines["MemAvailable"].split()[0]) * 1024
    limit, used = (CGROUP / name for name in ("memory.max", "memory.current"))
    if limit.is_file() and (text := limit.read_text().strip()).isdecimal():
        free = min(free, max(0, int(text) - int(used.read_text())))
    return free


def memory_text(
    memory: TrainingMemory, available: int | None, accelerator: str = "cpu"
) -> list[str]:
    """Return lines on the memory of training: the parts, and a warning where it does not fit.

    Args:
        memory: the expected memory of a training on the CPU.
        available: the bytes that there are; None if that is not known.
        accelerator: that of the trainer; with another than the CPU the first line says what
            `memory` is for.
    """
    trial, each = memory.trial, " in each process" if memory.processes > 1 else ""
    there = "" if available is None else f"; {size_text(available)} are available"
    on = "" if accelerator == "cpu" else ", estimated for the CPU"
    lines = [
        f"Training  {size_text(memory.peak)} of memory at the peak{each}{on}{there}:",
        f"          weights {size_text(trial.weights)}, optimiser {size_text(memory.optimiser)}, "
        f"step {size_text(memory.step)} ({trial.batch_rows} rows),",
        f"          rows {size_text(memory.rows)}, process {size_text(trial.process)}, allocator "
        f"{size_text(memory.unusable)}",
    ]
    if available is not None and memory.peak * memory.processes > available:
        warning = (
            f"Training needs {size_text(memory.peak * memory.processes)} of memory, but "
            f"{size_text(available)} are available. Lower student.batch_size, raise "
            "student.accumulate, or set trainer.gradient_checkpointing=true, "
            "trainer.precision=bf16_weights or groups.adapter=lora."
        )
        lines.append(fill(warning, WIDTH))
    return lines
