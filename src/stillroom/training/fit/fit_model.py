"""Fitting: one fit and its rows in, the best weights as a model directory and its curve out.

Fit, rows ──Trainer, from the checkpoint where there is one──> Place.best, records
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import Strategy

from stillroom.config.schema import Trainer
from stillroom.data.encoders import Encoder
from stillroom.errors import DataError
from stillroom.models.forward.hidden_states import feature_width
from stillroom.models.initialise import start
from stillroom.objectives.mixture import Loss, Mixture
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.data_module import Data, TrainingRows
from stillroom.training.data.memory_dataset import Rows
from stillroom.training.fit.checkpoint import Checkpoints, read_tree
from stillroom.training.fit.checkpoint_callback import Keeper
from stillroom.training.fit.dvclive_callback import LiveCurves
from stillroom.training.fit.lit_module import Learner, Record
from stillroom.training.fit.live_teacher import Teachers
from stillroom.training.job import Fit
from stillroom.training.resume_state import Place, differing
from stillroom.training.signals import StopRequest

_LOG = logging.getLogger(__name__)

Tick = Callable[[int, str], None]


class Progress(Callback):
    """Ticks once a part of a batch, with the rows of all processes."""

    def __init__(self, tick: Tick, name: str) -> None:
        """Show `name` beside the numbers."""
        self.tick, self.name = tick, name

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Count the rows."""
        epoch = f"epoch {trainer.current_epoch + 1} of {trainer.max_epochs}"
        rows = len(batch.inputs) * trainer.world_size
        self.tick(rows, f"training {self.name}, {epoch}")


@dataclass(frozen=True, slots=True)
class Task:
    """What a fit is given to learn.

    Attributes:
        train, validation: rows.
        loss: what is minimised.
        encoder: of the inputs.
        teachers: who answer in each step, where no cache does.
        teacher_width: of the teachers' pooled features; 0 where no term asks for them.
    """

    train: TrainingRows
    validation: Rows
    loss: Loss
    encoder: Encoder
    teachers: Teachers | None = None
    teacher_width: int = 0


def fit_model(
    fit: Fit,
    task: Task,
    where: Trainer,
    place: Place,
    stop: StopRequest,
    tick: Tick,
    curves: Path | None = None,
) -> list[Record]:
    """Fit one model and return its curve; the best epoch's weights lie in the place.

    Args:
        fit: what it is and how it is fitted.
        task: what it learns.
        where: on what it runs.
        place: what an earlier run left, and where to keep the state.
        stop: whether to stop.
        tick: is told how many rows were seen, and a text.
        curves: the folder where live curves appear, if any are wanted.

    Raises:
        StoppedError: it was asked to, and saved its state.
        StillroomError: the model diverged, or cannot be built.
    """
    keeper = Keeper(place, task.encoder, where.checkpoint_steps, stop)
    shown = [] if curves is None else [LiveCurves(curves / fit.output)]
    trainer = trainer_of(where, fit, [keeper, Progress(tick, fit.name), *shown])
    data = Data(task.train, task.validation, fit.optimisation, fit.seed, where.workers)
    learner = learner_of(fit, task)
    trainer.fit(learner, datamodule=data, ckpt_path=_resumable(place, fit.name))
    return learner.records


def learner_of(fit: Fit, task: Task) -> Learner:
    """Return a model with what it learns from, and a projection where widths differ.

    Raises:
        ModelError: the architecture cannot be built, or shows no features.
    """
    teacher = None if fit.teacher is None else Path(fit.teacher)
    model = start(fit.architecture, task.encoder, fit.seed, teacher)
    project = None
    if isinstance(task.loss, Mixture) and any(term.projects for _, term in task.loss.features):
        width = feature_width(model, task.encoder.shape)
        if width != task.teacher_width:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(fit.seed)
                project = torch.nn.Linear(width, task.teacher_width, bias=False)
    return Learner(fit.name, model, task.loss, fit.optimisation, fit.seed, task.teachers, project)


def trainer_of(where: Trainer, fit: Fit, callbacks: list[Callback]) -> lightning.Trainer:
    """Return Lightning's trainer for a fit, without its own logs, bars and checkpoints."""
    how = fit.optimisation
    return lightning.Trainer(
        accelerator=where.accelerator,
        devices=where.devices,
        strategy=_strategy(where),
        precision=_precision(where),
        max_epochs=how.epochs,
        accumulate_grad_batches=how.accumulate,
        gradient_clip_val=how.clip,
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=True,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        plugins=[Checkpoints()],
        callbacks=callbacks,
    )


def _strategy(where: Trainer) -> str | Strategy:
    if where.devices == 1:
        return "auto"
    if where.strategy == "ddp":
        return "ddp"
    from stillroom.training.fit.fsdp import FullySharded

    return FullySharded(where.devices)


def _precision(where: Trainer) -> Any:
    if where.precision == "auto":
        gpu = where.accelerator != "cpu" and torch.cuda.is_available()
        return "bf16-mixed" if gpu and torch.cuda.is_bf16_supported() else "32-true"
    return {"float32": "32-true", "bf16": "bf16-mixed"}[where.precision]


def _resumable(place: Place, name: str) -> str | None:
    """Return the checkpoint to go on from, where it is one of an equal fit."""
    if not place.checkpoint.is_file():
        return None
    try:
        kept = read_tree(place.checkpoint)
        others = differing(kept["ingredients"], place.ingredients)
    except (DataError, KeyError) as error:
        _LOG.warning("%s begins anew: %s", name, error)
        return None
    if others:
        _LOG.info("%s begins anew: it was stopped with other %s", name, ", ".join(others))
        return None
    _LOG.info("%s goes on in epoch %d", name, kept["epoch"] + 1)
    return str(place.checkpoint)
