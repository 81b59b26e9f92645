"""The keeper: saves the state every so many steps and the best weights of each epoch.

    step ──due, or asked to stop──> checkpoint ──asked to stop──> StoppedError
    epoch ──the best so far──> model directory

Saved between steps that moved the weights alone, never amid the parts of a batch.
"""

from dataclasses import dataclass, field
from typing import Any

import lightning
from lightning.pytorch.callbacks import Checkpoint

from stillroom.data.encoders import Encoder
from stillroom.io.files.workspace import publish
from stillroom.models.pretrained.model_directory import save_model
from stillroom.training.data.batch_loader import Batch
from stillroom.training.fit.lit_module import Learner
from stillroom.training.resume_state import Place
from stillroom.training.signals import StoppedError, StopRequest


@dataclass
class Keeper(Checkpoint):
    """Keeps what a fit needs to go on, and what it ends with.

    A `Checkpoint` is what Lightning calls after the learner has judged the epoch.

    Attributes:
        place: where to.
        encoder: of the inputs, it lies beside the best weights.
        every: optimiser steps between two checkpoints.
        stop: whether to stop.
    """

    place: Place
    encoder: Encoder
    every: int
    stop: StopRequest
    _kept_at: int = field(default=0, init=False)

    def on_train_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        """Take the signals over from Lightning, and leave where one came before that.

        Lightning sets its own handlers after `on_fit_start`, and would end the process in the
        midst of a validation, with nothing saved and the exit code of a success.

        Raises:
            StoppedError: it was asked to stop.
        """
        self.stop.listen()
        self.stop.check()
        self._kept_at = trainer.global_step

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Save where it is due. The last step of an epoch is saved after its validation."""
        moved = (batch_idx + 1) % trainer.accumulate_grad_batches == 0
        if moved and not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            self._save_where_due(trainer)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, module: lightning.LightningModule
    ) -> None:
        """Keep the best weights, and save where it is due."""
        if isinstance(module, Learner) and module.is_best:
            self._keep_best(trainer, module)
        self._save_where_due(trainer)

    def on_save_checkpoint(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        checkpoint: dict[str, Any],
    ) -> None:
        """Say what the state depends on."""
        checkpoint["ingredients"] = self.place.ingredients

    def _save_where_due(self, trainer: lightning.Trainer) -> None:
        # Every process must save, or none.
        stopping = trainer.strategy.reduce_boolean_decision(self.stop.is_made, all=False)
        if not stopping and trainer.global_step - self._kept_at < self.every:
            return
        trainer.save_checkpoint(self.place.checkpoint)
        self._kept_at = trainer.global_step
        if stopping:
            raise StoppedError(
                f"training was asked to stop and did so at step {trainer.global_step} of "
                f"{self.place.folder.name}. Run the same command again: it goes on from there."
            )

    def _keep_best(self, trainer: lightning.Trainer, module: Learner) -> None:
        weights = trainer.strategy.lightning_module_state_dict()  # a collective, where sharded
        if not trainer.is_global_zero:
            return
        arriving = self.place.folder / "arriving"
        own = {
            name.removeprefix("model."): value
            for name, value in weights.items()
            if name.startswith("model.")
        }
        save_model(module.model, self.encoder, arriving, own)
        publish(arriving, self.place.best)
