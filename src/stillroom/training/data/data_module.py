"""The data module: datasets of training and validation rows in, Lightning's loaders out."""

from dataclasses import replace
from typing import Protocol

import lightning
import numpy as np
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from stillroom.config.schema import Optimisation
from stillroom.models.forward.text_logits import trimmed
from stillroom.training.data.batch_loader import Batch, BatchDataset, BatchLoader
from stillroom.training.data.batches import RowBatches, TokenBatches
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.data.sampler import (
    Batches,
    BatchSplit,
    EpochOrder,
    MicroBatch,
    MicroBatchSampler,
)


class TrainingDataset(Protocol):
    """Training rows, in memory or on disk."""

    def __len__(self) -> int:
        """Return how many rows there are."""
        ...

    def row_tokens(self) -> NDArray[np.int64] | None:
        """Return the tokens that each row adds to a batch; None: all rows take the same place."""
        ...

    def shuffled(self, seed: int) -> tuple[BatchDataset, EpochOrder]:
        """Return the rows, and the order in which training takes them."""
        ...


class DataModule(lightning.LightningDataModule):
    """Loads the batches of one fit."""

    def __init__(
        self,
        train: TrainingDataset,
        validation: MemoryDataset,
        *,
        optimisation: Optimisation,
        seed: int,
        workers: int,
    ) -> None:
        """Hold the rows; `workers` processes load the training rows."""
        super().__init__()
        self.train, self.validation = train, validation
        self.optimisation, self.seed, self.workers = optimisation, seed, workers

    def setup(self, stage: str) -> None:
        """Cut the batches; Lightning calls this when it has set the number of processes."""
        split = BatchSplit(*self._rank_and_processes(), self.optimisation.accumulate)
        self.rows, order = self.train.shuffled(self.seed)
        self.micro_batches = MicroBatchSampler(self._batches(order), split)

    def _batches(self, order: EpochOrder) -> Batches:
        budget, tokens = self.optimisation.batch_tokens, self.train.row_tokens()
        if budget is None or tokens is None:
            return RowBatches(order, self._rows)
        return TokenBatches(order, tokens, budget, self.seed)

    @property
    def _rows(self) -> int:
        """How many rows of the full length a batch has."""
        how = self.optimisation
        if how.batch_tokens is None:
            return how.batch_size
        return max(1, how.batch_tokens // self.validation.inputs.shape[-1])

    def train_dataloader(self) -> BatchLoader:
        """Return this process's micro-batches, in the order of the seed."""
        return BatchLoader(self.rows, self.micro_batches, self.workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return this process's share of the validation rows."""
        rank, processes = self._rank_and_processes()
        rows, size = np.arange(len(self.validation)), self._rows
        sampler = [
            MicroBatch(batch=rows[start : start + size], number=rank, count=processes, epoch=0)
            for start in range(0, len(rows), size)
        ]
        return DataLoader(self.validation, batch_size=None, sampler=sampler)  # type: ignore[arg-type]

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Cut off the columns that are padding in every text of a batch."""
        if batch.is_tokens or batch.inputs.is_floating_point():
            return batch
        return replace(batch, inputs=trimmed(batch.inputs))

    def _rank_and_processes(self) -> tuple[int, int]:
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size
