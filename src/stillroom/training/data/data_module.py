"""The data module: a table of training rows and validation rows in, Lightning's loaders out."""

from dataclasses import replace
from typing import Protocol

import lightning
import numpy as np
from torch.utils.data import DataLoader

from stillroom.config.schema import Optimisation
from stillroom.models.forward.text_logits import cropped
from stillroom.training.data.batch_loader import Batch, Loader, Table
from stillroom.training.data.memory_dataset import Rows
from stillroom.training.data.sampler import Order, Part, Parts, Sharing


class TrainingRows(Protocol):
    """Training rows, wherever they are."""

    def __len__(self) -> int:
        """Return how many rows there are."""
        ...

    def shuffled(self, seed: int) -> tuple[Table, Order]:
        """Return the rows and the order in which they are seen."""
        ...


class Data(lightning.LightningDataModule):
    """Feeds one fit."""

    def __init__(
        self, train: TrainingRows, validation: Rows, how: Optimisation, seed: int, workers: int
    ) -> None:
        """Hold the rows; `workers` processes load the training rows."""
        super().__init__()
        self.train, self.validation = train, validation
        self.how, self.seed, self.workers = how, seed, workers

    def setup(self, stage: str) -> None:
        """Cut the batches, once the number of processes is known."""
        sharing = Sharing(*self._share(), self.how.accumulate)
        self.table, order = self.train.shuffled(self.seed)
        self.parts = Parts(order, self.how.batch_size, sharing)

    def train_dataloader(self) -> Loader:
        """Return this process's parts of the batches, in the order of the seed."""
        return Loader(self.table, self.parts, self.workers)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return this process's share of the validation rows."""
        rank, processes = self._share()
        rows = np.arange(len(self.validation))
        at = range(0, len(rows), self.how.batch_size)
        batches = [rows[start : start + self.how.batch_size] for start in at]
        parts = [Part(batch, rank, processes, 0) for batch in batches]
        return DataLoader(self.validation, batch_size=None, sampler=parts)  # type: ignore[arg-type]

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """Leave out what is padding in every text of a batch."""
        if batch.is_tokens or batch.inputs.is_floating_point():
            return batch
        return replace(batch, inputs=cropped(batch.inputs))

    def _share(self) -> tuple[int, int]:
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size
