"""The Lightning module: a model and a loss in, a fitted model and its learning curve out.

    Batch ──(shift)──> model ──logits──> loss ──AdamW, warm-up, cosine──> weights

The weights of the epoch with the lowest validation NLL are the ones that are kept: for the
teacher, the student and the control alike, so that none is judged by how far it overfitted.
"""

import math
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.nn import functional
from transformers import PreTrainedModel

from stillroom.config.schema import Optimisation
from stillroom.errors import StillroomError
from stillroom.objectives.mixture import Loss
from stillroom.training.augment import shifted
from stillroom.training.batches import Batch

Record = dict[str, str | int | float]


class Learner(lightning.LightningModule):
    """Fits one model."""

    def __init__(
        self,
        name: str,
        model: PreTrainedModel,
        loss: Loss,
        how: Optimisation,
        steps: int,
        shift: int,
        seed: int,
    ) -> None:
        """Hold the parts; `steps` is the number of optimiser steps in all."""
        super().__init__()
        self.name, self.model, self.loss, self.how = name, model, loss, how
        self.steps, self.shift = steps, shift
        self.draws = torch.Generator().manual_seed(seed)
        self.records: list[Record] = []
        self.best: dict[str, Tensor] = {}
        self.lowest = math.inf
        self._train: list[Tensor] = []
        self._validation: list[Tensor] = []

    def logits(self, inputs: Tensor) -> Tensor:
        """Return the model's logits [N, C]."""
        logits: Tensor = self.model(**{self.model.main_input_name: inputs}).logits
        return logits

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a batch."""
        inputs = shifted(batch.inputs, self.shift, self.draws) if self.shift else batch.inputs
        loss = self.loss(self.logits(inputs), batch.labels, batch.target)
        self._train.append(loss.detach())
        return loss

    def validation_step(self, batch: Batch, index: int) -> None:
        """Keep NLL and correctness of each labelled row."""
        known = batch.labels >= 0
        logits, labels = self.logits(batch.inputs)[known], batch.labels[known]
        nll = functional.cross_entropy(logits, labels, reduction="none")
        right = (logits.argmax(1) == labels).float()
        self._validation.append(torch.stack([nll, right]))

    def on_train_epoch_end(self) -> None:
        """Record the epoch, and keep the weights where it is the best so far.

        Raises:
            StillroomError: the model diverged.
        """
        nll, accuracy = torch.cat(self._validation, dim=1).double().mean(dim=1).tolist()
        if not math.isfinite(nll):
            raise StillroomError(
                f"{self.name} diverged in epoch {self.current_epoch + 1}: its validation NLL is "
                f"{nll}. Lower its learning rate, now {self.how.lr:g}."
            )
        self.records.append(
            {
                "model": self.name,
                "epoch": self.current_epoch + 1,
                "train_loss": round(torch.stack(self._train).double().mean().item(), 6),
                "validation_nll": round(nll, 6),
                "validation_accuracy": round(accuracy, 6),
            }
        )
        if nll < self.lowest:
            self.lowest = nll
            self.best = {key: value.clone() for key, value in self.model.state_dict().items()}
        self._train, self._validation = [], []

    def configure_optimizers(self) -> Any:
        """AdamW with a linear warm-up and a cosine down to zero, a step at a time."""
        optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=self.how.lr, weight_decay=self.how.weight_decay
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self.share_of_lr)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def share_of_lr(self, step: int) -> float:
        """Return the learning rate of a step, from 0, as a share of the highest."""
        warmup = round(self.how.warmup * self.steps)
        if step < warmup:
            return (step + 1) / warmup
        done = (step - warmup) / max(self.steps - warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
