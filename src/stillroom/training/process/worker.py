"""The worker process: a job file in, fitted models and learning curves out.

    python -m stillroom.training job.json
    torchrun --nproc-per-node 2 -m stillroom.training job.json

Where it fails in a way that a user can mend, it leaves the text in the job's folder, as
`failure-<rank>.txt`. SIGTERM saves the state and ends it; the next run goes on.
"""

import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch

from stillroom.data.encoders import Encoder, SequenceEncoder, read_encoder
from stillroom.errors import told_error
from stillroom.io.files.atomic import write_text
from stillroom.io.files.locking import locked
from stillroom.io.json.json_files import write_json
from stillroom.io.progress import ticking
from stillroom.io.tables import TableFile
from stillroom.models.forward.hidden_states import logits_alone, with_features
from stillroom.models.forward.lm_head import answers_asked, answers_with_features
from stillroom.objectives.mixture import Mixture
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.build_loss import loss_of, warn_of_bias
from stillroom.training.data.dataset_factory import Source
from stillroom.training.data.memory_dataset import Rows
from stillroom.training.data.streaming_dataset import Blocks
from stillroom.training.fit.fit_model import Task, Tick, fit_model
from stillroom.training.fit.lit_module import Record
from stillroom.training.fit.live_teacher import Forward, Teachers
from stillroom.training.fit.output_bias import write_balanced
from stillroom.training.job import FAILED, Fit, Job, failure_file, read_job
from stillroom.training.resume_state import (
    CURVES,
    Place,
    place_of,
    shared_ingredients,
)
from stillroom.training.signals import StopRequest

RANK = int(os.environ.get("RANK", "0"))  # torchrun's


def run(job: Job, stop: StopRequest) -> None:
    """Fit every model of a job that is not finished yet; put models and curves in its folder.

    Raises:
        StillroomError: the examples, soft labels or an architecture cannot be used, or it was
            asked to stop.
    """
    torch.set_num_threads(job.trainer.threads)
    torch.use_deterministic_algorithms(True, warn_only=job.trainer.accelerator != "cpu")
    encoder = read_encoder(Path(job.encoder))
    labels = None if job.soft_labels is None else SoftLabelSet(Path(job.soft_labels))
    source = Source(TableFile(Path(job.examples)), encoder, labels, job.trainer.memory_gb * 1e9)
    validation = source.validation()
    shared = shared_ingredients(job)
    curves = None if job.curves is None else Path(job.curves)
    if curves is not None and RANK == 0:
        shutil.rmtree(curves, ignore_errors=True)  # those of an earlier run
    records: list[Record] = []
    work = sum(source.count(fit) * fit.optimisation.epochs for fit in job.fits)
    with _progress(work) as tick:
        for fit in job.fits:
            place = place_of(job, fit, shared)
            done = place.records()
            if done is None:
                task = _task(fit, job, source, source.rows_of(fit), validation)
                done = fit_model(fit, task, job.trainer, place, stop, tick, curves)
                _finish(fit, validation, place, done)
            records += done
    if RANK == 0:
        write_json(Path(job.folder) / CURVES, records)


def _task(fit: Fit, job: Job, source: Source, seen: Rows | Blocks, validation: Rows) -> Task:
    """Return what a fit is given to learn; say what is biased about it."""
    labels, encoder = source.labels, source.encoder
    loss = loss_of(fit, labels)
    features = isinstance(loss, Mixture) and bool(loss.features)
    if fit.objective is not None and fit.mode == "live" and job.live is not None:
        forward = _forward(encoder, features)
        teachers = Teachers.of(job.live, encoder, forward)
        width = teachers.width(encoder.shape) if features else 0
        return Task(seen, validation, loss, encoder, teachers, width)
    unbiased = labels is not None and labels.is_unbiased
    warn_of_bias(fit, loss, seen.some_targets(), unbiased)
    width = labels.feature_width if features and labels is not None else 0
    return Task(seen, validation, loss, encoder, teacher_width=width)


def _forward(encoder: Encoder, features: bool) -> Forward:
    """Return what is asked of a live teacher."""
    if isinstance(encoder, SequenceEncoder):
        return answers_with_features if features else answers_asked
    return with_features if features else logits_alone


def _finish(fit: Fit, validation: Rows, place: Place, records: list[Record]) -> None:
    if RANK:
        return
    if fit.balance:
        write_balanced(fit, validation, place)
    place.finish(records)


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
    # A worker whose launcher was killed may still be saving its state.
    alone = nullcontext() if RANK else locked(Path(job.folder) / "lock", waiting=stop.check)
    try:
        with alone:
            run(job, stop)
    except Exception as error:
        told = told_error(error)
        if told is None:
            raise
        write_text(failure_file(Path(job.folder), RANK), told)
        return FAILED
    return 0
