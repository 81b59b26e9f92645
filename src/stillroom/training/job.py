"""Jobs: what the worker process is asked to do, as a file that it reads.

    Job (examples, fits, trainer) ──JSON──> job.json ──worker──> model directories, curves

A `Fit` is one model to train; several share one worker, so that the start-up is paid once.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from stillroom.config.schema import Architecture, Inference, Objective, Optimisation, Trainer
from stillroom.errors import ConfigError
from stillroom.io.json.json_files import write_json

FAILED = 3  # the worker's exit code for an error whose text it has left in a file
_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Fit:
    """One model: what it is, how it is fitted, and to what.

    Attributes:
        name: what curves and progress call it.
        rows: `labelled` trains on the labelled rows alone, `all` on the whole training split.
        objective: the soft objective; None learns from hard labels alone.
        mode: where what the objective asks for comes from: soft labels, or the job's live
            teachers. A control has its student's, and sees the same views.
        seed: of the weights and of the order of the batches.
        teacher: the directory whose layers it may start from.
        shift: augmentation, up to so many pixels in each direction.
        share: of the rows that are taken.
        without: classes whose rows are left out.
        balance: classes whose output bias is set anew on validation rows.
        output: the name of its model directory.
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
    teacher: str | None = None
    share: float = 1.0
    without: tuple[int, ...] = ()
    balance: tuple[int, ...] = ()
    output: Annotated[str, Field(pattern=r"^\w+$")]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Live:
    """Teachers that run within the training step.

    Attributes:
        teachers: their model directories.
        shares: one for each, summing to one.
        mean: of probabilities or of logits.
        combine: at each temperature (read), or at 1 and then tempered (capture).
        inference: how they run; the student's device is theirs.
    """

    teachers: list[str]
    shares: list[float]
    mean: Literal["probability", "logit"]
    combine: Literal["read", "capture"]
    inference: Inference = Inference(dtype="float32", device_map="cpu")


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Job:
    """Fits over one set of examples.

    Attributes:
        examples, encoder: the folders of the examples and of the encoder of their inputs.
        live: the teachers of fits with an objective, where these learn from no cache.
        soft_labels: the folder of the set, where one is used.
        folder: of this kind of job alone: what is unfinished is kept there between runs.
        curves: the folder where live curves appear, one folder each; None for none.
    """

    examples: str
    encoder: str
    soft_labels: str | None
    folder: str
    fits: list[Fit]
    trainer: Trainer
    live: Live | None = None
    curves: str | None = None

    def __post_init__(self) -> None:
        """Refuse fits that nobody would teach.

        Raises:
            ConfigError: a fit learns from live teachers, and there are none.
        """
        asking = [fit.name for fit in self.fits if fit.mode == "live"]
        if asking and self.live is None:
            raise ConfigError(
                f"{asking[0]} learns from live teachers, and the job names none. Give it `live`, "
                "or the fit mode=cached and the job soft labels."
            )


def write_job(job: Job, path: Path) -> None:
    """Write a job for the worker."""
    write_json(path, asdict(job))


def read_job(path: Path) -> Job:
    """Read a job."""
    return TypeAdapter(Job).validate_json(path.read_bytes())


def failure_file(folder: Path, rank: int) -> Path:
    """Where a worker leaves the text of an error that a user can mend."""
    return folder / f"failure-{rank}.txt"
