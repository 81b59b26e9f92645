"""Launch: a job in, a worker process run to its end.

    Job ──job.json──> python -m stillroom.training.worker ──> its files, or its error as ours

A process of its own, because Lightning's `ddp` starts the main module again in each rank, and
inside a Kedro node that would be the whole pipeline.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stillroom.errors import StillroomError
from stillroom.training.job import Job, write_job

if TYPE_CHECKING:
    # For the import graph: the code of the worker belongs to each stage that launches it.
    from stillroom.training import worker  # noqa: F401

WORKER = "stillroom.training.worker"
SOURCE = Path(__file__).resolve().parents[2]
MENDABLE = 3  # the worker's exit code for an error whose text is on its standard output


class WorkerError(StillroomError):
    """The worker ended with an error; its own message stands above."""


def run_worker(job: Job, workspace: Path) -> None:
    """Run a job in a worker process and wait for it.

    Args:
        job: what to train.
        workspace: an existing folder for the job's file.

    Raises:
        StillroomError: what the worker said, where a user can mend it.
        WorkerError: the worker crashed or was killed.
    """
    path = workspace / "job.json"
    write_job(job, path)
    # The running project's own code first: in a DVC experiment an editable install elsewhere
    # would else train with the code of another checkout.
    search = os.pathsep.join([str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])])
    ended = subprocess.run(
        [sys.executable, "-m", WORKER, str(path)],
        env={**os.environ, "PYTHONPATH": search, "PYTHONHASHSEED": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if ended.returncode == MENDABLE:
        raise StillroomError(ended.stdout.strip())
    if ended.returncode:
        raise WorkerError(
            f"training ended with code {ended.returncode}; its own message stands above. "
            "A negative code is the signal that killed it: -9 is often a lack of memory."
        )
