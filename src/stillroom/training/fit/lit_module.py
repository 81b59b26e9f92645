"""The Lightning module: a model and a loss in, a fitted model and its learning curve out.

Batch ──> model ──logits, features──> loss ──optimiser──> weights
      └─> live teacher ──target, features──┘
validation ──> Record ──at the end of an epoch, BestEpoch──> whether its weights are the best so far
"""

from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from stillroom.config.schema import Optimisation
from stillroom.errors import ModelError
from stillroom.models.adapters.add_adapter import is_adapted
from stillroom.models.forward.hidden_states import logits_and_features, logits_only
from stillroom.models.forward.lm_head import is_linear_head
from stillroom.models.forward.one_piece_rows import keeps_pieces_apart, needs_one_piece_rows
from stillroom.objectives.feature_batch import Features
from stillroom.objectives.mixture import Mixture
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.training.data.batch_loader import Batch
from stillroom.training.fit.best_epoch import BestEpoch, require_converging
from stillroom.training.fit.live_teacher import LiveTeacher
from stillroom.training.fit.optimiser import (
    build_half_optimiser,
    build_optimiser,
    with_schedule,
)
from stillroom.training.fit.precision import FLOAT32, Arithmetic, halve
from stillroom.training.fit.token_loss import FeatureComparison, token_loss, token_scores

Record = dict[str, str | int | float]


class LitModule(lightning.LightningModule):
    """Fits one model.

    Attributes:
        records: one record for each epoch so far, and for each further point of the curve.
        best: which epoch is kept, and when the fit stops early.
    """

    def __init__(
        self,
        *,
        name: str,
        model: PreTrainedModel,
        loss: Mixture,
        optimisation: Optimisation,
        seed: int,
        arithmetic: Arithmetic = FLOAT32,
        teacher: LiveTeacher | None = None,
        project: nn.Module | None = None,
    ) -> None:
        """Hold what a fit consists of.

        Args:
            name: the name of the model in curves and progress.
            model: the model that is trained.
            loss: the loss that is minimised.
            optimisation: how the model is fitted.
            seed: the seed of the random numbers that a step draws.
            arithmetic: the types of weights and gradients.
            teacher: answers in each step, where the batches hold no soft labels.
            project: maps the model's features to the teacher's width; it is trained with the model
                and then discarded.
        """
        super().__init__()
        self.name, self.model, self.loss, self.seed = name, model, loss, seed
        self.optimisation, self.arithmetic = optimisation, arithmetic
        self.project = project or nn.Identity()
        self._teacher = [teacher]  # in a list: its weights must not become weights of this module
        self.records: list[Record] = []
        self.best = BestEpoch(optimisation)
        self._masters: dict[nn.Parameter, Tensor] | None = None
        self._is_sharded = False
        self._is_linear: bool | None = None
        self._train = torch.zeros((), dtype=torch.float64)
        self._validation = torch.zeros(3, dtype=torch.float64)

    def configure_model(self) -> None:
        """Cast the weights, where they are bf16; shard the model, where the strategy shards."""
        if self.arithmetic.has_half_weights and self._masters is None:
            self._masters = halve(self.model)
        if self.device_mesh is not None and not self._is_sharded:
            from stillroom.training.fit.fsdp import shard

            for module in (self.model, self.project):
                shard(module, self.device_mesh["data_parallel"])
            self._is_sharded = True

    def logits(self, inputs: Tensor) -> Tensor:
        """Return the model's logits [N, C], float32 at least."""
        return _at_least_float32(logits_only(self.model, inputs)[0])

    def on_train_start(self) -> None:
        """Move the teacher to the device; a resumed fit that had stopped early stops again."""
        for teacher in filter(None, self._teacher):
            teacher.to(self.device)
        self._stop_early()

    def on_train_batch_start(self, batch: Batch, index: int) -> None:
        """Seed dropout by the step, so that no generator's state has to be kept.

        The gradients of the step before are freed here: Lightning would keep them until the forward
        pass is over.
        """
        if index % self.optimisation.accumulate == 0:
            self.zero_grad(set_to_none=True)
        step = [self.seed, self.current_epoch, index, self.global_rank]
        seed = int(np.random.SeedSequence(step).generate_state(1)[0])
        # Seed each device's generator: `torch.manual_seed` records its caller's stack for CUDA,
        # which takes as long as a step of a small student.
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed(seed)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Return the loss of a micro-batch, times the number of micro-batches.

        Lightning takes the mean over the micro-batches, and the result is the loss of the batch.
        """
        is_empty = not len(batch.inputs) and not batch.inputs.is_floating_point()
        # Sharded weights are gathered in step, by a forward pass of every process.
        loss = self._nothing() if is_empty and not self._is_sharded else self._loss(batch)
        self._train = self._train.to(loss.device) + loss.detach().double()
        return loss if batch.micro_batches == 1 else loss * batch.micro_batches

    def _nothing(self) -> Tensor:
        """Return the loss of a micro-batch of tokens without rows, which few transformers take.

        Of several processes, each must have a gradient of every weight.
        """
        if self.trainer.world_size == 1:
            return torch.zeros((), device=self.device, requires_grad=True)
        weights = [one for one in self.parameters() if one.requires_grad]
        return 0.0 * torch.stack([one.float().sum() for one in weights]).sum()

    def _loss(self, batch: Batch) -> Tensor:
        """Return what a micro-batch adds to the loss of its batch."""
        target, theirs = self._target_and_features(batch)
        if batch.is_tokens:
            comparison = None if theirs is None else FeatureComparison(theirs, self.project)
            is_linear = self.has_linear_head(batch)
            if self._is_sharded and needs_one_piece_rows(self.model, batch.inputs):
                raise ModelError(
                    f"{type(self.model).__name__} does not keep the pieces of a sequence apart, "
                    "and cannot be sharded then. Set trainer.strategy=ddp, or "
                    "data.corpus.cross_documents=true."
                )
            return token_loss(
                self.model, batch, target, self.loss, is_linear=is_linear, comparison=comparison
            )
        if theirs is None or not self.loss.features:
            return self.loss(self.logits(batch.inputs), batch.labels, target, batch.counts)
        logits, ours = logits_and_features(self.model, batch.inputs)
        answers = self.loss(_at_least_float32(logits), batch.labels, target, batch.counts)
        return answers + self.loss.of_features(ours, theirs, self.project, batch.counts)

    def has_linear_head(self, batch: Batch) -> bool:
        """Tell whether logits are the output layer's of the hidden states, and nothing else."""
        if self._is_linear is None:
            # On every process, regardless of its rows: sharded weights are gathered in step.
            keeps_pieces_apart(self.model, batch.inputs.shape[2])
            self._is_linear = is_linear_head(self.model, batch.inputs)
        return self._is_linear

    def _target_and_features(self, batch: Batch) -> tuple[SoftTarget | None, Features | None]:
        """Return what the model learns from: the batch's soft labels, or the live teacher's."""
        (teacher,) = self._teacher
        if teacher is not None:
            return teacher.answer(batch.inputs, self.loss.temperatures)
        return batch.target, None if batch.features is None else Features(batch.features)

    def validation_step(self, batch: Batch, index: int) -> None:
        """Add up NLL, correct answers and labelled rows."""
        if batch.is_tokens:
            scores = token_scores(self.model, batch, self.has_linear_head(batch))
            self._validation = self._validation.to(scores.device) + scores
            return
        labelled = batch.labels >= 0
        logits, labels = self.logits(batch.inputs)[labelled], batch.labels[labelled]
        nll = functional.cross_entropy(logits.double(), labels, reduction="sum")
        right = (logits.argmax(1) == labels).double().sum()
        rows = nll.new_tensor(len(labels))
        self._validation = self._validation.to(nll.device) + torch.stack([nll, right, rows])

    def on_train_epoch_end(self) -> None:
        """Record the epoch, and decide whether it is the best so far.

        Raises:
            StillroomError: the model diverged.
        """
        self.best.judge(*self.add_record(self.current_epoch + 1, self.batches_per_epoch))
        self._stop_early()
        self._train = self._train * 0

    def add_record(self, epoch: float, steps: int) -> tuple[float, float]:
        """Add a record of the validation that has just ended; return its NLL and its accuracy.

        Args:
            epoch: how many epochs have passed.
            steps: how many steps of the last one.

        Raises:
            StillroomError: the model diverged.
        """
        nll, right, rows = self._over_processes(self._validation).tolist()
        if not rows:  # Lightning mistakes a StopIteration in a step for the end of the epoch
            raise RuntimeError(f"{self.name}: an epoch ended before its validation")
        loss = self._over_processes(self._train).item() / steps
        require_converging(nll, self.name, self.current_epoch + 1, self.optimisation)
        self.records.append(
            {
                "model": self.name,
                "epoch": epoch,
                "train_loss": round(loss, 6),
                "validation_nll": round(nll / rows, 6),
                "validation_accuracy": round(right / rows, 6),
            }
        )
        self._validation = self._validation * 0
        return nll / rows, right / rows

    def _stop_early(self) -> None:
        if self.best.is_over:
            self.trainer.should_stop = True

    def _over_processes(self, total: Tensor) -> Tensor:
        if self.trainer.world_size == 1:
            return total
        own = total.to(self.device, copy=True)  # Lightning reduces in place
        summed: Tensor = self.trainer.strategy.reduce(own, reduce_op="sum")
        return summed

    @property
    def batches_per_epoch(self) -> int:
        """How many optimiser steps an epoch has."""
        batches: int = self.trainer.datamodule.micro_batches.batches  # type: ignore[attr-defined]
        return batches

    def configure_optimizers(self) -> Any:
        """Return the optimiser with its schedule."""
        steps = self.batches_per_epoch * self.optimisation.epochs
        weights = [one for one in self.parameters() if one.requires_grad]
        return with_schedule(self._optimiser(weights), self.optimisation, steps)

    def _optimiser(self, weights: list[nn.Parameter]) -> torch.optim.Optimizer:
        if not self.arithmetic.has_half_weights:
            return build_optimiser(weights, self.optimisation)
        masters = self._masters if self.arithmetic.keeps_masters else None
        self._masters = {}  # the optimiser has them now
        return build_half_optimiser(weights, self.optimisation, masters, self.seed)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the state that Lightning does not save; of an adapted model, leave the base out."""
        if is_adapted(self.model):
            frozen = self._frozen()
            weights = checkpoint["state_dict"]
            checkpoint["state_dict"] = {k: v for k, v in weights.items() if k not in frozen}
        checkpoint["learner"] = {
            "records": self.records,
            "highest": self.best.highest,
            "since_best": self.best.since_best,
            # Rank 0 writes for all processes: each has summed only its own micro-batches.
            "train": self._over_processes(self._train),
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the state that `on_save_checkpoint` added, and complete it with the base."""
        if is_adapted(self.model):
            checkpoint["state_dict"] = self._frozen() | checkpoint["state_dict"]
        state = checkpoint["learner"]
        self.records = state["records"]
        self.best.highest, self.best.since_best = state["highest"], state["since_best"]
        self._train = state["train"] * (self.trainer.global_rank == 0)

    def _frozen(self) -> dict[str, Tensor]:
        """Return the weights that are not trained, which the model has from the start."""
        everything = self.named_parameters(remove_duplicate=False)
        return {name: weight.detach() for name, weight in everything if not weight.requires_grad}


def _at_least_float32(logits: Tensor) -> Tensor:
    return logits.to(torch.promote_types(logits.dtype, torch.float32))
