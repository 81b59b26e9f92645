"""Step curve: validates a model within an epoch, so that a fit of one epoch has a curve too.

    every so many optimiser steps ──validation rows──> LitModule.records, at a part of an epoch

It draws no random number and changes no weight: a fit ends with the same bits with and without it.
"""

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from stillroom.training.data.batch_loader import Batch
from stillroom.training.fit.lit_module import LitModule


class StepCurveCallback(Callback):
    """Adds a point to the curve after each `every` optimiser steps, but not at the end of an epoch.

    An epoch ends with a validation of its own.
    """

    def __init__(self, every: int) -> None:
        """Validate after each `every` steps."""
        self.every = every

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        module: lightning.LightningModule,
        outputs: object,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Validate, where a point is due."""
        parts = trainer.accumulate_grad_batches
        is_step = (batch_idx + 1) % parts == 0
        if not is_step or trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            return
        if trainer.global_step % self.every == 0 and isinstance(module, LitModule):
            _validate(trainer, module)
            steps = (batch_idx + 1) // parts
            passed = trainer.current_epoch + steps / module.batches_per_epoch
            module.add_record(round(passed, 4), steps)


def _validate(trainer: lightning.Trainer, module: LitModule) -> None:
    module.eval()
    with torch.no_grad(), trainer.precision_plugin.val_step_context():
        for index, batch in enumerate(trainer.datamodule.val_dataloader()):  # type: ignore[attr-defined]
            module.validation_step(trainer.strategy.batch_to_device(batch), index)
    module.train()
