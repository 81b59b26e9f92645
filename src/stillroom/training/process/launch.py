"""Launch: a job in, a worker process run to its end.

    Job ──job.json──> python -m stillroom.training ──> its files, or its error as ours
                      (under torchrun, where there are several devices)

A process of its own, because Lightning's `ddp` starts the main module again in each rank, and
inside a Kedro node that would be the whole pipeline.
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
    """The worker ended with an error; its own message stands above."""


def train(job: Job, target: Path) -> Any:
    """Run a job in a worker process and wait for it; a job that was stopped goes on.

    What it has trained stays in its folder until `io.workspace.let_go`, so that a run that is
    killed before the models are in their place trains nothing again.

    Args:
        job: what to train.
        target: where the folder of model directories is put; its parent exists, it does not.

    Returns:
        The learning curves' records.

    Raises:
        StillroomError: what the worker said, where a user can mend it.
        WorkerError: the worker crashed or was killed.
    """
    folder = Path(job.folder)
    with locked(lock_of(folder)):  # from the job file to the models: another job has its own
        run_worker(job)
        curves = read_json(folder / CURVES)  # written last: without it nothing is finished
        gather_models(job, target)
        return curves


def run_worker(job: Job) -> None:
    """Run a job in a worker process and wait for it.

    Raises:
        StillroomError, WorkerError: as `train`.
    """
    folder = Path(job.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for left in (*folder.glob("failure-*.txt"), folder / CURVES):
        left.unlink(missing_ok=True)
    write_job(job, folder / "job.json")
    # The running project's own code first: in a DVC experiment an editable install elsewhere
    # would else train with the code of another checkout.
    search = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {
        # dvclive shows curves here; it resumes nothing and tells no server of them.
        **{name: value for name, value in os.environ.items() if not name.startswith("DVCLIVE_")},
        "DVC_STUDIO_OFFLINE": "true",
        "PYTHONPATH": search,
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": str(job.trainer.threads),  # torchrun prints a banner where it is unset
    }
    # The pipe ends when this process does; the worker then saves its state and leaves.
    process = subprocess.Popen(command(job), env=environment, stdin=subprocess.PIPE)
    with process:
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
    said = sorted(folder.glob("failure-*.txt"))
    if said:
        return StillroomError(said[0].read_text(encoding="utf-8").strip())
    return WorkerError(
        f"training ended with code {code}; its own message stands above. "
        "A negative code is the signal that killed it: -9 is often a lack of memory."
    )
