"""The worker process: a job file in, fitted models and learning curves out.

    python -m stillroom.training.worker job.json
    torchrun --nproc-per-node 2 -m stillroom.training.worker job.json

Where it fails in a way that a user can mend, it leaves the text in the job's folder, as
`failure-<rank>.txt`. SIGTERM saves the state and ends it; the next run goes on.
"""

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import torch

from stillroom.data.encoders import Encoder
from stillroom.errors import StillroomError
from stillroom.io.atomic import write_text
from stillroom.io.documents import write_json
from stillroom.io.locking import locked
from stillroom.io.progress import ticking
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.training.fitting import Tick, fit_model
from stillroom.training.job import Fit, Job, read_job
from stillroom.training.launch import FAILED, failure_file
from stillroom.training.learner import Record
from stillroom.training.loss import loss_of, mixture, warn_of_bias
from stillroom.training.place import CURVES, gather_models, place_of, shared_ingredients
from stillroom.training.rows import Rows, labelled, moved, read_split, replayed, taught
from stillroom.training.stop import StopRequest

RANK = int(os.environ.get("RANK", "0"))  # torchrun's


def run(job: Job, stop: StopRequest) -> None:
    """Fit every model of a job that is not finished yet; put models and curves in its folder.

    Raises:
        StillroomError: the examples, soft labels or an architecture cannot be used, or it was
            asked to stop.
    """
    torch.set_num_threads(job.trainer.threads)
    torch.use_deterministic_algorithms(True, warn_only=job.trainer.accelerator != "cpu")
    encoder = Encoder.from_json(job.encoder)
    validation = labelled(read_split(Path(job.examples), encoder, "validation"))
    train = read_split(Path(job.examples), encoder, "train")
    labels = None if job.soft_labels is None else SoftLabelSet(Path(job.soft_labels))
    rows = [rows_of(fit, train, labels) for fit in job.fits]
    shared = shared_ingredients(job)
    records: list[Record] = []
    work = sum(len(r) * fit.optimisation.epochs for r, fit in zip(rows, job.fits, strict=True))
    with _progress(work) as tick:
        for fit, seen in zip(job.fits, rows, strict=True):
            place = place_of(job, fit, shared)
            done = place.records()
            if done is None:
                loss = loss_of(fit, labels)
                warn_of_bias(fit, loss, seen, labels is not None and labels.is_unbiased)
                done = fit_model(
                    fit, (seen, validation), loss, encoder, job.trainer, place, stop, tick
                )
                if RANK == 0:
                    place.finish(done)
            records += done
    if RANK == 0:
        gather_models(job)
        write_json(Path(job.folder) / CURVES, records)


def rows_of(fit: Fit, train: Rows, labels: SoftLabelSet | None) -> Rows:
    """Return what a fit sees: with soft labels where it has a soft objective.

    A fit on hard labels alone beside one with soft labels sees the same views in the same epochs.

    Raises:
        StillroomError: it has a soft objective and no soft labels, or they lack a row.
    """
    if fit.objective is not None:
        if labels is None:
            raise StillroomError("a job with a soft objective names no soft labels.")
        return taught(train, labels, mixture(fit.objective, labels.is_unbiased).temperatures)
    seen = train if labels is None else replayed(train, labels)
    seen = labelled(seen) if fit.rows == "labelled" else replace(seen, targets=[])
    return moved(seen, fit.shift, fit.optimisation.epochs, fit.seed) if fit.shift else seen


@contextmanager
def _progress(rows: int) -> Iterator[Tick]:
    if RANK:
        yield lambda amount, label: None
        return
    with ticking("training", rows, "rows") as ticker:
        yield ticker.advance


def main(path: Path) -> int:
    """Run the job at `path`; return the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("stillroom").setLevel(logging.ERROR if RANK else logging.INFO)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # Lightning 2.6 with torch 2.13: its own use of a pytree class that torch deprecates.
    warnings.filterwarnings("ignore", message=".*isinstance\\(treespec, LeafSpec.*")
    stop = StopRequest()
    stop.listen()
    stop.watch_standard_input()
    job = read_job(path)
    alone = nullcontext() if RANK else locked(Path(job.folder) / "lock")
    try:
        with alone:
            run(job, stop)
    except (StillroomError, OSError) as error:
        write_text(failure_file(Path(job.folder), RANK), str(error))
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
