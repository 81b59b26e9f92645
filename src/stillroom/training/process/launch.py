"""Launch: a job in, its models from a worker process out.

    Job ──job.json──> python -m stillroom.training ──> its files, or its error
                      (under torchrun, where there are several devices)

Training has a process of its own, because Lightning's `ddp` starts the main module again in each
rank. Inside a Kedro node that would be the whole pipeline.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stillroom.errors import StillroomError
from stillroom.io.files.locking import locked
from stillroom.io.files.workspace import lock_of
from stillroom.io.json.json_files import read_json
from stillroom.io.no_telemetry import SWITCHES
from stillroom.io.runs.interruption import stopped_on_signal
from stillroom.training.job import Job, write_job
from stillroom.training.resume_state import CURVES, gather_models

if TYPE_CHECKING:
    # For the import graph: the code of the worker belongs to each stage that launches it.
    from stillroom.training import __main__  # noqa: F401
    from stillroom.training.process import torchrun, worker  # noqa: F401

WORKER = "stillroom.training"
PROCESSES = "stillroom.training.process.torchrun"
SOURCE = Path(__file__).resolve().parents[3]


class WorkerError(StillroomError):
    """The worker crashed or was killed; its own message is further up in the output."""


def train(job: Job, target: Path) -> Any:
    """Run a job in a worker process and wait for it; a job that was stopped continues.

    The trained models stay in the job's folder until `io.files.workspace.remove_unfinished`, so
    that a run that is killed before it publishes them trains nothing again.

    Args:
        job: the work.
        target: the new folder of the model directories; its parent must exist.

    Returns:
        The records of the learning curves.

    Raises:
        StillroomError: an error that a user can fix, in the worker's words.
        WorkerError: the worker crashed or was killed.
    """
    folder = Path(job.folder)
    with locked(
        lock_of(folder)
    ):  # held from the job file to the models, so that each job gets its own
        run_worker(job)
        curves = read_json(
            folder / CURVES
        )  # written last: without this file the job is not finished
        gather_models(job, target)
        return curves


def run_worker(job: Job) -> None:
    """Run a job in a worker process and wait for it.

    Raises:
        StillroomError, WorkerError: as `train`.
    """
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for stale in (*folder.glob("failure-*.txt"), folder / CURVES):
        stale.unlink(missing_ok=True)
    write_job(job, folder / "job.json")
    # The code of the running project comes first: in a DVC experiment, an editable install would
    # train with the code of another checkout.
    search = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        # dvclive only writes curves here: it must not resume an experiment or contact a server.
        **{name: value for name, value in os.environ.items() if not name.startswith("DVCLIVE_")},
        **SWITCHES,
        "PYTHONPATH": search,
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": str(job.trainer.threads),  # torchrun prints a banner where it is unset
    }
    # The pipe closes when this process ends; the worker then saves its state and stops.
    process = subprocess.Popen(command(job), env=environment, stdin=subprocess.PIPE)
    with process, stopped_on_signal(process.pid):
        code = process.wait()
    if code:
        raise _failure(folder, code)


def command(job: Job) -> list[str]:
    """Return the worker's command line."""
    worker = ["-m", WORKER, str(Path(job.folder) / "job.json")]
    if job.trainer.devices == 1:
        return [sys.executable, *worker]
    processes = f"--nproc-per-node={job.trainer.devices}"
    return [sys.executable, "-m", PROCESSES, "--standalone", processes, *worker]


def _failure(folder: Path, code: int) -> StillroomError:
    failures = sorted(folder.glob("failure-*.txt"))
    if failures:
        return StillroomError(failures[0].read_text(encoding="utf-8").strip())
    return WorkerError(
        f"The training process ended with code {code}; see its messages above. A negative code is "
        "the signal that killed the process: -9 often means that memory ran out."
    )
