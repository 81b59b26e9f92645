"""Fit a model: one fit and its data in, the best weights as a model directory and the curve out.

Fit, FitInputs ──Trainer, from the checkpoint where there is one──> ResumeState.best, records
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.strategies import Strategy

from stillroom.config.schema import Trainer
from stillroom.data.encoders import Encoder
from stillroom.errors import DataError
from stillroom.models.adapters.add_adapter import add_adapter
from stillroom.models.forward.hidden_states import feature_width
from stillroom.models.gradient_checkpointing import enable_gradient_checkpointing
from stillroom.models.initialise import initial_model
from stillroom.objectives.mixture import Mixture
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.data_module import DataModule, TrainingDataset
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.fit.callbacks.checkpoint_callback import CheckpointCallback
from stillroom.training.fit.callbacks.dvclive_callback import DVCLiveCallback
from stillroom.training.fit.callbacks.step_curve_callback import StepCurveCallback
from stillroom.training.fit.checkpoint import SafetensorsCheckpointIO, read_tree
from stillroom.training.fit.lit_module import LitModule, Record
from stillroom.training.fit.live_teacher import LiveTeacher
from stillroom.training.fit.precision import arithmetic_of
from stillroom.training.job import Fit
from stillroom.training.resume_state import ResumeState, differing
from stillroom.training.signals import StopRequest

_LOG = logging.getLogger(__name__)

Tick = Callable[[int, str], None]


class ProgressCallback(Callback):
    """Ticks after each micro-batch, with the number of rows of all processes."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FitInputs:
    """The data and the loss of a fit.

    Attributes:
        train: the training rows.
        validation: the validation rows.
        loss: the loss that is minimised.
        encoder: the encoder of the inputs.
        teacher: answers in each step, where the training rows hold no soft labels.
        teacher_width: the width of the teachers' pooled features; 0 where no term compares them.
    """

    train: TrainingDataset
    validation: MemoryDataset
    loss: Mixture
    encoder: Encoder
    teacher: LiveTeacher | None = None
    teacher_width: int = 0


def fit_model(
    fit: Fit,
    inputs: FitInputs,
    *,
    trainer: Trainer,
    state: ResumeState,
    stop: StopRequest,
    tick: Tick,
    curves: Path | None = None,
) -> list[Record]:
    """Fit one model and return its curve; the best epoch's weights are in `state.best`.

    Args:
        fit: the model, and how it is fitted.
        inputs: its data and its loss.
        trainer: the hardware, and how it is used.
        state: the folder with the state of an earlier run, where this one keeps its state too.
        stop: whether the process has received a request to stop.
        tick: is called with a number of rows and a label after each micro-batch.
        curves: the folder of the live curves; None writes none.

    Raises:
        StoppedError: the process has received a request to stop, and the state is saved.
        StillroomError: the model diverged, or cannot be built.
    """
    checkpoints = CheckpointCallback(
        state=state,
        encoder=inputs.encoder,
        every=trainer.checkpoint_steps,
        stop=stop,
    )
    callbacks = [checkpoints, ProgressCallback(tick, fit.name)]
    if fit.optimisation.curve_steps is not None:
        callbacks.append(StepCurveCallback(fit.optimisation.curve_steps))
    if curves is not None:
        callbacks.append(DVCLiveCallback(curves / fit.output))
    data = DataModule(
        inputs.train,
        inputs.validation,
        optimisation=fit.optimisation,
        seed=fit.seed,
        workers=trainer.workers,
    )
    module = build_lit_module(fit, inputs, trainer)
    build_trainer(trainer, fit, callbacks).fit(
        module, datamodule=data, ckpt_path=_resumable(state, fit.name)
    )
    return module.records


def build_lit_module(fit: Fit, inputs: FitInputs, trainer: Trainer) -> LitModule:
    """Return the model with its loss, and with a projection where features differ in width.

    Raises:
        ModelError: the architecture cannot be built, has no features, has no gradient
            checkpointing, or cannot be adapted.
    """
    start = None if fit.start is None else Path(fit.start.path)
    model = initial_model(fit.architecture, inputs.encoder, fit.seed, start)
    if fit.adapter is not None:
        add_adapter(model, fit.adapter, fit.seed)
    if trainer.gradient_checkpointing:
        enable_gradient_checkpointing(model)
    project = None
    if any(term.projects for _, term in inputs.loss.features):
        width = feature_width(model, inputs.encoder.shape)
        if width != inputs.teacher_width:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(fit.seed)
                project = torch.nn.Linear(width, inputs.teacher_width, bias=False)
    return LitModule(
        name=fit.name,
        model=model,
        loss=inputs.loss,
        optimisation=fit.optimisation,
        seed=fit.seed,
        arithmetic=arithmetic_of(trainer),
        teacher=inputs.teacher,
        project=project,
    )


def build_trainer(config: Trainer, fit: Fit, callbacks: list[Callback]) -> lightning.Trainer:
    """Return Lightning's trainer for a fit, without Lightning's own logs, bars and checkpoints."""
    optimisation = fit.optimisation
    return lightning.Trainer(
        accelerator=config.accelerator,
        devices=config.devices,
        strategy=_strategy(config),
        precision=arithmetic_of(config).autocast,
        max_epochs=optimisation.epochs,
        accumulate_grad_batches=optimisation.accumulate,
        gradient_clip_val=optimisation.clip,
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=True,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        plugins=[SafetensorsCheckpointIO()],
        callbacks=callbacks,
    )


def _strategy(config: Trainer) -> str | Strategy:
    if config.devices == 1:
        return "auto"
    if config.strategy == "ddp":
        return "ddp"
    from stillroom.training.fit.fsdp import FSDP2Strategy

    return FSDP2Strategy(config.devices)


def _resumable(state: ResumeState, name: str) -> str | None:
    """Return the checkpoint to continue from, where it belongs to an equal fit."""
    if not state.checkpoint.is_file():
        return None
    try:
        checkpoint = read_tree(state.checkpoint)
        others = differing(checkpoint["ingredients"], state.ingredients)
    except (DataError, KeyError) as error:
        _LOG.warning("%s starts from the beginning: %s", name, error)
        return None
    if others:
        _LOG.info(
            "%s starts from the beginning: its checkpoint was written with a different %s",
            name,
            ", ".join(others),
        )
        return None
    _LOG.info("%s continues in epoch %d", name, checkpoint["epoch"] + 1)
    return str(state.checkpoint)
