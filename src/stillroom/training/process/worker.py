"""The worker process: a job file in, fitted models and learning curves out.

    python -m stillroom.training job.json
    torchrun --nproc-per-node 2 -m stillroom.training job.json

For an error that a user can fix, it writes the text to the job's folder, as `failure-<rank>.txt`.
On SIGTERM it saves the state and ends; the next run continues.
"""

import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import torch

from stillroom.config.schema import Trainer
from stillroom.data.encoders import Encoder, SequenceEncoder, read_encoder
from stillroom.errors import user_message
from stillroom.io.files.atomic_file import write_text
from stillroom.io.files.locking import locked
from stillroom.io.json.json_files import write_json
from stillroom.io.progress import ticking
from stillroom.io.tables import TableFile
from stillroom.io.terminal import guard_terminal
from stillroom.models.forward.hidden_states import logits_and_features, logits_only
from stillroom.models.forward.lm_head import label_logits_and_features, label_logits_only
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.build_loss import build_loss, warn_of_bias
from stillroom.training.data.dataset_factory import DatasetFactory
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.fit.fit_model import FitInputs, Tick, fit_model
from stillroom.training.fit.lit_module import Record
from stillroom.training.fit.live_teacher import Forward, LiveTeacher
from stillroom.training.fit.output_bias import write_balanced
from stillroom.training.fit.precision import arithmetic_of
from stillroom.training.job import FAILED, Fit, Job, failure_file, read_job
from stillroom.training.process.allocator import return_large_blocks
from stillroom.training.resume_state import (
    CURVES,
    ResumeState,
    resume_state_of,
    shared_ingredients,
)
from stillroom.training.signals import StopRequest

_LOG = logging.getLogger(__name__)

RANK = int(os.environ.get("RANK", "0"))  # torchrun sets it


def run(job: Job, stop: StopRequest) -> None:
    """Fit every model of a job that is not finished yet; write models and curves to its folder.

    Raises:
        StillroomError: the examples, soft labels or an architecture cannot be used, or the process
            has received a request to stop.
    """
    torch.set_num_threads(job.trainer.threads)
    torch.use_deterministic_algorithms(True, warn_only=job.trainer.accelerator != "cpu")
    encoder = read_encoder(Path(job.encoder))
    labels = None if job.soft_labels is None else SoftLabelSet(Path(job.soft_labels))
    factory = DatasetFactory(
        examples=TableFile(Path(job.examples)),
        encoder=encoder,
        labels=labels,
        memory=job.trainer.memory_gb * 1e9,
    )
    validation = factory.validation()
    shared = shared_ingredients(job)
    curves = None if job.curves is None else Path(job.curves)
    if curves is not None and RANK == 0:
        shutil.rmtree(curves, ignore_errors=True)  # those of an earlier run
    records: list[Record] = []
    states = [(fit, resume_state_of(job, fit, shared)) for fit in job.fits]
    finished = {fit.name: curve for fit, state in states if (curve := state.records()) is not None}
    waiting = [fit for fit in job.fits if fit.name not in finished]
    work = sum(factory.count(fit) * fit.optimisation.epochs for fit in waiting)
    with _progress(work) as tick:
        for fit, state in states:
            curve = finished.get(fit.name)
            if curve is not None:
                _LOG.info("%s is finished already and is not trained again", fit.name)
            else:
                curve = fit_model(
                    fit,
                    _fit_inputs(fit, job, factory, validation),
                    trainer=job.trainer,
                    state=state,
                    stop=stop,
                    tick=tick,
                    curves=curves,
                )
                _finish(fit, job.trainer, validation, state, curve)
            records += curve
    if RANK == 0:
        write_json(Path(job.folder) / CURVES, records)


def _fit_inputs(
    fit: Fit, job: Job, factory: DatasetFactory, validation: MemoryDataset
) -> FitInputs:
    """Return the data and the loss of a fit; warn where the loss is biased."""
    labels, encoder = factory.labels, factory.encoder
    train, loss = factory.dataset_of(fit), build_loss(fit, labels)
    features = bool(loss.features)
    teacher, width = None, 0
    if fit.objective is not None and fit.mode == "live" and job.live is not None:
        teacher = LiveTeacher.of(job.live, encoder, _forward(encoder, features))
        width = teacher.width(encoder.shape) if features else 0
    else:
        is_unbiased = labels is not None and labels.is_unbiased
        warn_of_bias(fit, loss, train.some_targets(), is_unbiased)
        width = labels.feature_width if features and labels is not None else 0
    return FitInputs(
        train=train,
        validation=validation,
        loss=loss,
        encoder=encoder,
        teacher=teacher,
        teacher_width=width,
    )


def _forward(encoder: Encoder, features: bool) -> Forward:
    """Return the forward pass of a live teacher."""
    if isinstance(encoder, SequenceEncoder):
        return label_logits_and_features if features else label_logits_only
    return logits_and_features if features else logits_only


def _finish(
    fit: Fit,
    trainer: Trainer,
    validation: MemoryDataset,
    state: ResumeState,
    records: list[Record],
) -> None:
    if RANK:
        return
    if fit.balance:
        write_balanced(fit, validation, state, arithmetic_of(trainer))
    state.finish(records)


@contextmanager
def _progress(rows: int) -> Iterator[Tick]:
    if RANK:
        yield lambda amount, label: None
        return
    with ticking("training", rows, "rows") as ticker:
        yield ticker.advance


def set_allocator(job: Job) -> None:
    """Return large blocks to the system where an adapter is trained, which is to save memory."""
    if any(fit.adapter is not None for fit in job.fits):
        return_large_blocks()


def main(path: Path) -> int:
    """Run the job at `path`; return the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING)
    logging.getLogger("stillroom").setLevel(logging.ERROR if RANK else logging.INFO)
    guard_terminal()
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # Lightning 2.6 itself uses a pytree class that torch 2.13 deprecates.
    warnings.filterwarnings("ignore", message=".*isinstance\\(treespec, LeafSpec.*")
    stop = StopRequest()
    stop.listen()
    stop.watch_standard_input()
    job = read_job(path)
    set_allocator(job)
    # A worker whose launcher was killed may still be saving its state: wait for it.
    exclusive = nullcontext() if RANK else locked(Path(job.folder) / "lock", waiting=stop.check)
    try:
        with exclusive:
            run(job, stop)
    except Exception as error:
        message = user_message(error)
        if message is None:
            raise
        write_text(failure_file(Path(job.folder), RANK), message)
        return FAILED
    return 0
