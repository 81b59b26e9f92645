"""Checkpoint callback: saves the state at intervals, and the weights of the best epoch.

    step ──due, or request to stop──> checkpoint ──request to stop──> StoppedError
    epoch ──the best so far──> model directory

A checkpoint is written only after an optimiser step, never between the micro-batches of a batch.
"""

from dataclasses import dataclass, field
from typing import Any

import lightning
from lightning.pytorch.callbacks import Checkpoint

from stillroom.data.encoders import Encoder
from stillroom.io.files.atomic_folder import publish
from stillroom.models.adapters.adapted_model import save_adapted
from stillroom.models.adapters.add_adapter import is_adapted
from stillroom.models.pretrained.model_directory import save_model
from stillroom.training.data.batch_loader import Batch
from stillroom.training.fit.lit_module import LitModule
from stillroom.training.resume_state import ResumeState
from stillroom.training.signals import StoppedError, StopRequest


@dataclass(kw_only=True)
class CheckpointCallback(Checkpoint):
    """Saves the state from which a fit can continue, and the best weights.

    It is a `Checkpoint`, because Lightning calls these after the module has judged the epoch.

    Attributes:
        state: the folder of the checkpoint and of the best weights.
        encoder: the encoder of the inputs, which is saved with the best weights.
        every: the number of optimiser steps between two checkpoints.
        stop: whether the process has received a request to stop.
    """

    state: ResumeState
    encoder: Encoder
    every: int
    stop: StopRequest
    _saved_at: int = field(default=0, init=False)

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Take over the signals from Lightning, and stop if one has already arrived.

        Lightning sets its own handlers after `on_fit_start`. They would end the process in the
        middle of a validation, with nothing saved and the exit code of a success.

        Raises:
            StoppedError: the process has received a request to stop.
        """
        self.stop.listen()
        self.stop.check()
        self._saved_at = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Save the state if it is due; the last step of an epoch is saved after its validation."""
        moved = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        if moved and not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            self._save_where_due(trainer)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Keep the best weights, and save the state if it is due."""
        if isinstance(module, LitModule) and module.best.is_best:
            self._keep_best(trainer, module)
        self._save_where_due(trainer)

    def on_save_checkpoint(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        """Record the ingredients that the state depends on."""
        checkpoint["ingredients"] = self.state.ingredients

    def _save_where_due(self, trainer: lightning.Trainer) -> None:
        # Saving is collective: every process must save, or none.
        stopping = trainer.strategy.reduce_boolean_decision(self.stop.is_made, all=False)
        if not stopping and trainer.global_step - self._saved_at < self.every:
            return
        trainer.save_checkpoint(self.state.checkpoint)
        self._saved_at = trainer.global_step
        if stopping:
            raise StoppedError(
                f"Training received a request to stop, and saved its state at step "
                f"{trainer.global_step} of {self.state.folder.name}. Run the same command again "
                "to continue."
            )

    def _keep_best(self, trainer: lightning.Trainer, module: LitModule) -> None:
        weights = (
            trainer.strategy.lightning_module_state_dict()
        )  # collective where the weights are sharded
        if not trainer.is_global_zero:
            return
        arriving = self.state.arriving()
        if is_adapted(module.model):  # its strategy never shards
            save_adapted(module.model, self.encoder, arriving)
        else:
            own = {
                name.removeprefix("model."): value
                for name, value in weights.items()
                if name.startswith("model.")
            }
            save_model(module.model, self.encoder, arriving, own)
        publish(arriving, self.state.best)
