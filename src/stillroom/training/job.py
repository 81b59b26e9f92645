"""Jobs: the work of the worker process, as a file that the worker reads.

    Job (examples, fits, trainer) ──JSON──> job.json ──worker──> model directories, curves

A `Fit` is one model to train. Several fits share one worker, so that it starts only once.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter
from pydantic.dataclasses import dataclass

from stillroom.config.schema import (
    Adapter,
    Architecture,
    Inference,
    Objective,
    Optimisation,
    Trainer,
    plain_values,
)
from stillroom.errors import ConfigError
from stillroom.io.json.json_files import write_json
from stillroom.io.json.validated_json import CLOSED

FAILED = 3  # the worker's exit code for an error whose text it has written to a file


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class Start:
    """A model whose weights another one starts with.

    Attributes:
        path: its directory.
        weights, architecture: SHA-256 of its weights and of its config; with others, a fit begins
            again.
        hub_id: its name on the Hub; None if it is not known.
    """

    path: str
    weights: str
    architecture: str
    hub_id: str | None = None


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class Fit:
    """One model: its architecture, how it is fitted, and the rows that it learns from.

    Attributes:
        name: the name of the model in curves and progress.
        rows: `labelled` trains only on the labelled rows, `all` on the whole training split.
        objective: the soft objective; None learns only from hard labels.
        mode: where the teachers' answers come from: cached soft labels, or the job's live
            teachers. A control has the mode of its student, and so sees the same views.
        seed: the seed of the weights and of the order of the batches.
        start: the model whose weights, or some of whose layers, it starts with.
        adapter: the matrices that are trained beside these weights; None trains the weights.
        shift: augmentation by up to this number of pixels in each direction.
        share: the share of the rows that the fit learns from.
        without: classes whose rows are left out.
        balance: classes whose output bias is set on validation rows after training.
        output: the name of the model directory.
    """

    name: str
    architecture: Architecture
    optimisation: Optimisation
    rows: Annotated[str, Field(pattern="^(labelled|all)$")]
    objective: Objective | None
    seed: int
    shift: int
    label_smoothing: float
    mode: Literal["cached", "live"] = "cached"
    start: Start | None = None
    adapter: Adapter | None = None
    share: float = 1.0
    without: tuple[int, ...] = ()
    balance: tuple[int, ...] = ()
    output: Annotated[str, Field(pattern=r"^\w+$")]


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class LiveConfig:
    """Teachers that run within the training step.

    Attributes:
        teachers: the model directories.
        shares: the share of each teacher; they sum to one.
        mean: whether probabilities or logits are averaged.
        combine: whether the mean is computed at each temperature (read), or at T = 1 and then
            tempered (capture).
        inference: how the teachers run; they use the student's device.
    """

    teachers: list[str]
    shares: list[float]
    mean: Literal["probability", "logit"]
    combine: Literal["read", "capture"]
    inference: Inference = Inference(dtype="float32", device_map="cpu")


@dataclass(frozen=True, kw_only=True, config=CLOSED)
class Job:
    """Fits over one set of examples.

    Attributes:
        examples, encoder: the folders of the examples and of the encoder of their inputs.
        live: the teachers of the fits whose mode is `live`.
        soft_labels: the folder of the soft-label set; None where no fit uses one.
        folder: holds unfinished work between runs; no other kind of job uses it.
        curves: the folder of the live curves, with a folder for each fit; None writes none.
    """

    examples: str
    encoder: str
    soft_labels: str | None
    folder: str
    fits: list[Fit]
    trainer: Trainer
    live: LiveConfig | None = None
    curves: str | None = None

    def __post_init__(self) -> None:
        """Refuse fits that would have no teacher.

        Raises:
            ConfigError: a fit learns from live teachers, and there are none.
        """
        live_fits = [fit.name for fit in self.fits if fit.mode == "live"]
        if live_fits and self.live is None:
            raise ConfigError(
                f"{live_fits[0]} has mode=live, but the job has no live teachers. Set `live` in "
                "the job, or give the fit mode=cached and the job soft labels."
            )


def write_job(job: Job, path: Path) -> None:
    """Write a job for the worker."""
    write_json(path, plain_values(job))


def read_job(path: Path) -> Job:
    """Read a job."""
    return TypeAdapter(Job).validate_json(path.read_bytes())


def failure_file(folder: Path, rank: int) -> Path:
    """Return the file for the text of an error that a user can fix."""
    return folder / f"failure-{rank}.txt"
