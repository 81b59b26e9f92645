"""The Lightning module: a model and a loss in, a fitted model and its learning curve out.

    Batch ──> model ──logits, features──> loss ──optimiser──> weights
          └─> live teachers ──target, features──┘
    validation ──> Record of the epoch, and whether its weights are the best so far

The control is kept by the same rule as teacher and student, so that none is judged by how far it
overfitted.
"""

import math
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from stillroom.config.schema import Optimisation
from stillroom.errors import StillroomError
from stillroom.models.forward.hidden_states import logits_alone, with_features
from stillroom.models.forward.lm_head import is_split
from stillroom.objectives.feature_batch import Features
from stillroom.objectives.mixture import HardLabels, Loss, Mixture
from stillroom.objectives.soft_target import SoftTarget
from stillroom.training.data.batch_loader import Batch
from stillroom.training.fit.live_teacher import Teachers
from stillroom.training.fit.optimiser import optimiser_of, scheduled
from stillroom.training.fit.token_loss import Comparison, token_loss, token_scores

Record = dict[str, str | int | float]


class Learner(lightning.LightningModule):
    """Fits one model.

    Attributes:
        records: one of each epoch so far.
        is_best: whether the epoch that ended last is the one to keep so far.
    """

    def __init__(
        self,
        name: str,
        model: PreTrainedModel,
        loss: Loss,
        how: Optimisation,
        seed: int,
        teachers: Teachers | None = None,
        project: nn.Module | None = None,
    ) -> None:
        """Hold the parts.

        Args:
            name: what curves and progress call it.
            model: is trained.
            loss: what is minimised.
            how: it is fitted.
            seed: of what is drawn in a step.
            teachers: who answer in each step, where no cache does.
            project: is trained beside the model and thrown away: features to the teacher's width.
        """
        super().__init__()
        self.name, self.model, self.loss, self.how, self.seed = name, model, loss, how, seed
        self.project = project or nn.Identity()
        self._teachers = [teachers]  # in a list, lest their weights become this module's
        self.records: list[Record] = []
        self.is_best = False
        self._is_sharded = False
        self._is_split: bool | None = None
        self._highest = -math.inf
        self._since_best = 0
        self._train = torch.zeros((), dtype=torch.float64)
        self._validation = torch.zeros(3, dtype=torch.float64)

    def configure_model(self) -> None:
        """Shard the model, where the strategy shards."""
        if self.device_mesh is not None and not self._is_sharded:
            from stillroom.training.fit.fsdp import shard

            for part in (self.model, self.project):
                shard(part, self.device_mesh["data_parallel"])
            self._is_sharded = True

    def logits(self, inputs: Tensor) -> Tensor:
        """Return the model's logits [N, C], float32 at least."""
        return _at_least_float32(logits_alone(self.model, inputs)[0])

    def on_train_start(self) -> None:
        """Bring the teachers; stay stopped where it was stopped early, and then resumed."""
        for teachers in filter(None, self._teachers):
            teachers.to(self.device)
        self._stop_early()

    def on_train_batch_start(self, batch: Batch, index: int) -> None:
        """Seed what is drawn in a step, dropout, by the step: no generator's state to keep."""
        place = [self.seed, self.current_epoch, index, self.global_rank]
        seed = int(np.random.SeedSequence(place).generate_state(1)[0])
        # Each device's own generator: `torch.manual_seed` notes down its caller's stack for CUDA,
        # which takes as long as a small student's step.
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a part of a batch, times the number of parts.

        Lightning takes the mean over the parts, so the batch's own loss comes out.
        """
        loss = self._loss(batch)
        self._train = self._train.to(loss.device) + loss.detach().double()
        return loss if batch.parts == 1 else loss * batch.parts

    def _loss(self, batch: Batch) -> Tensor:
        """Return what a part of a batch adds to the batch's loss."""
        target, theirs = self._lesson(batch)
        if batch.is_tokens:
            comparison = None if theirs is None else Comparison(theirs, self.project)
            is_split = self._splits(batch)
            return token_loss(self.model, batch, target, self.loss, is_split, comparison)
        if theirs is None or isinstance(self.loss, HardLabels) or not self.loss.features:
            return self.loss(self.logits(batch.inputs), batch.labels, target, batch.counts)
        logits, ours = with_features(self.model, batch.inputs)
        answers = self.loss(_at_least_float32(logits), batch.labels, target, batch.counts)
        return answers + self.loss.of_features(ours, theirs, self.project, batch.counts)

    def _splits(self, batch: Batch) -> bool:
        """Tell whether logits are hidden states through the output layer, and nothing else."""
        if self._is_split is None:
            self._is_split = is_split(self.model, batch.inputs)
        return self._is_split

    def _lesson(self, batch: Batch) -> tuple[SoftTarget | None, Features | None]:
        """Return what is to be learned: from the batch, or from the teachers at once."""
        (teachers,) = self._teachers
        if teachers is not None and isinstance(self.loss, Mixture):
            return teachers.answer(batch.inputs, self.loss.temperatures)
        return batch.target, None if batch.features is None else Features(batch.features)

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add up NLL, correct answers and labelled rows."""
        if batch.is_tokens:
            scores = token_scores(self.model, batch, self._splits(batch))
            self._validation = self._validation.to(scores.device) + scores
            return
        known = batch.labels >= 0
        logits, labels = self.logits(batch.inputs)[known], batch.labels[known]
        nll = functional.cross_entropy(logits.double(), labels, reduction="sum")
        right = (logits.argmax(1) == labels).double().sum()
        rows = nll.new_tensor(len(labels))
        self._validation = self._validation.to(nll.device) + torch.stack([nll, right, rows])

    def on_train_epoch_end(self) -> None:
        """Record the epoch, and see whether it is the best so far.

        Raises:
            StillroomError: the model diverged.
        """
        nll, right, rows = self._over_processes(self._validation).tolist()
        if not rows:  # Lightning takes a StopIteration in a step for the end of the epoch
            raise RuntimeError(f"{self.name}: an epoch ended before its validation")
        loss = self._over_processes(self._train).item() / self.batches_per_epoch
        if not math.isfinite(nll):
            raise StillroomError(
                f"{self.name} diverged in epoch {self.current_epoch + 1}: its validation NLL is "
                f"{nll}. Lower its learning rate, now {self.how.lr:g}, or set a clip."
            )
        self.records.append(
            {
                "model": self.name,
                "epoch": self.current_epoch + 1,
                "train_loss": round(loss, 6),
                "validation_nll": round(nll / rows, 6),
                "validation_accuracy": round(right / rows, 6),
            }
        )
        self._judge(nll / rows, right / rows)
        self._train, self._validation = self._train * 0, self._validation * 0

    def _judge(self, nll: float, accuracy: float) -> None:
        goodness = accuracy if self.how.keep == "accuracy" else -nll
        is_better = goodness > self._highest
        self.is_best = is_better or self.how.keep == "last"
        self._highest = max(self._highest, goodness)
        self._since_best = 0 if is_better else self._since_best + 1
        self._stop_early()

    def _stop_early(self) -> None:
        if self.how.patience is not None and self._since_best >= self.how.patience:
            self.trainer.should_stop = True

    def _over_processes(self, total: Tensor) -> Tensor:
        if self.trainer.world_size == 1:
            return total
        summed: Tensor = self.trainer.strategy.reduce(total.to(self.device), reduce_op="sum")
        return summed

    @property
    def batches_per_epoch(self) -> int:
        """How many times an epoch moves the weights."""
        batches: int = self.trainer.datamodule.parts.batches  # type: ignore[attr-defined]
        return batches

    def configure_optimizers(self) -> Any:
        """Return the optimiser with its schedule."""
        steps = self.batches_per_epoch * self.how.epochs
        weights = [*self.model.parameters(), *self.project.parameters()]
        return scheduled(optimiser_of(weights, self.how), self.how, steps)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep what Lightning does not know of."""
        checkpoint["learner"] = {
            "records": self.records,
            "highest": self._highest,
            "since_best": self._since_best,
            "train": self._train,
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take it back."""
        kept = checkpoint["learner"]
        self.records, self._highest = kept["records"], kept["highest"]
        self._since_best, self._train = kept["since_best"], kept["train"]


def _at_least_float32(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
