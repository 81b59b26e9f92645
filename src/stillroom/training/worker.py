"""The worker process: a job file in, fitted models and learning curves out.

    python -m stillroom.training.worker job.json

Exits with 3 after an error that a user can mend, whose text is on its standard output.
"""

import logging
import sys
import warnings
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from stillroom.config.schema import Objective
from stillroom.data.encoders import Encoder
from stillroom.errors import StillroomError
from stillroom.io.documents import write_json
from stillroom.io.progress import Ticker, ticking
from stillroom.models.directory import save_model
from stillroom.models.table import Shape, build
from stillroom.objectives.mixture import HardLabels, Loss, Mixture
from stillroom.objectives.named import UNBIASED, Knobs, bias, soft_term
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.training.batches import (
    Batch,
    Rows,
    in_order,
    labelled,
    loader,
    read_split,
    replayed,
    taught,
)
from stillroom.training.job import Fit, Job, read_job
from stillroom.training.launch import MENDABLE
from stillroom.training.learner import Learner, Record

_LOG = logging.getLogger(__name__)


class ShowProgress(Callback):
    """Ticks once a batch."""

    def __init__(self, ticker: Ticker, name: str) -> None:
        """Show `name` beside the numbers."""
        self.ticker, self.name = ticker, name

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count the rows of a batch."""
        epoch = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        self.ticker.advance(len(batch.labels), f"training {self.name}, {epoch}")


def run(job: Job) -> None:
    """Fit every model of a job and write the curves.

    Raises:
        StillroomError: the examples, soft labels or an architecture cannot be used.
    """
    torch.set_num_threads(job.trainer.threads)
    torch.use_deterministic_algorithms(True, warn_only=job.trainer.accelerator != "cpu")
    encoder = Encoder.from_json(job.encoder)
    validation = labelled(read_split(Path(job.examples), encoder, "validation"))
    train = read_split(Path(job.examples), encoder, "train")
    labels = None if job.soft_labels is None else SoftLabelSet(Path(job.soft_labels))
    rows = [_rows(fit, train, labels) for fit in job.fits]
    work = sum(
        len(r.labels) * fit.optimisation.epochs for r, fit in zip(rows, job.fits, strict=True)
    )
    records: list[Record] = []
    with ticking("training", work, "rows") as ticker:
        for fit, seen in zip(job.fits, rows, strict=True):
            records += _fit(fit, seen, labels, validation, encoder, job, ticker)
    write_json(Path(job.curves), records)


def _fit(
    fit: Fit,
    train: Rows,
    labels: SoftLabelSet | None,
    validation: Rows,
    encoder: Encoder,
    job: Job,
    ticker: Ticker,
) -> list[Record]:
    how = fit.optimisation
    batches = loader(train, how.batch_size, fit.seed)
    model = build(
        fit.architecture.name,
        fit.architecture.options,
        Shape(encoder.shape, encoder.classes),
        fit.seed,
    )
    loss = _loss(fit, labels)
    _warn_of_bias(fit, loss, train, labels is not None and labels.is_unbiased)
    learner = Learner(fit.name, model, loss, how, len(batches) * how.epochs, fit.shift, fit.seed)
    lightning.seed_everything(fit.seed, verbose=False)  # dropout draws from the global generator
    trainer = lightning.Trainer(
        accelerator=job.trainer.accelerator,
        devices=1,
        max_epochs=how.epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=[ShowProgress(ticker, fit.name)],
    )
    trainer.fit(learner, batches, in_order(validation, how.batch_size))
    model.load_state_dict(learner.best)
    save_model(model, encoder.to_json(), Path(fit.output))
    return learner.records


def _rows(fit: Fit, train: Rows, labels: SoftLabelSet | None) -> Rows:
    """Return what a fit sees: with soft labels where it has a soft objective.

    A fit on hard labels alone beside one with soft labels sees the same views in the same epochs.
    """
    if fit.objective is not None:
        if labels is None:
            raise StillroomError("a job with a soft objective names no soft labels.")
        return taught(train, labels, mixture(fit.objective, labels.is_unbiased).temperatures)
    seen = train if labels is None else replayed(train, labels)
    return labelled(seen) if fit.rows == "labelled" else seen


def _loss(fit: Fit, labels: SoftLabelSet | None) -> Loss:
    if fit.objective is None:
        return HardLabels(fit.label_smoothing)
    return mixture(fit.objective, labels is not None and labels.is_unbiased)


def mixture(objective: Objective, is_unbiased: bool) -> Mixture:
    """Return the loss that an objective names.

    Args:
        objective: the configuration's.
        is_unbiased: of the soft labels: weights that stand for a whole distribution on average.

    Raises:
        ConfigError: a term cannot be had from such soft labels.
    """
    knobs = Knobs(objective.skew, objective.js_share, objective.dkd_target, objective.dkd_others)
    missing = UNBIASED if is_unbiased else objective.missing_mass
    return Mixture(
        objective.hard_weight,
        tuple(
            (weight, soft_term(name, objective.temperature, missing, knobs))
            for name, weight in objective.terms.used().items()
        ),
    )


def _warn_of_bias(fit: Fit, loss: Loss, rows: Rows, is_unbiased: bool) -> None:
    """Say once what is biased about an objective on the soft labels at hand."""
    if fit.objective is None or not isinstance(loss, Mixture) or not loss.temperatures:
        return
    lacking = [float(target.missing(loss.temperatures[-1]).mean()) for target in rows.targets]
    missing = UNBIASED if is_unbiased else fit.objective.missing_mass
    said = bias(list(fit.objective.terms.used()), missing, sum(lacking) / len(lacking))
    if said is not None:
        _LOG.warning(said)


def main(path: Path) -> int:
    """Run the job at `path`; return the exit code."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    # Workers for loading would only cost here: the rows lie in memory and are fetched in batches.
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    # Lightning 2.6 with torch 2.13: its own use of a pytree class that torch deprecates.
    warnings.filterwarnings("ignore", message=".*isinstance\\(treespec, LeafSpec.*")
    try:
        run(read_job(path))
    except (StillroomError, OSError) as error:
        print(error)
        return MENDABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
