"""Batches: examples and soft labels in, batches of tensors joined by key out.

    examples.parquet + encoder.json + soft labels ──join by example_id──> Table (tensors)
    Table ──order(seed, epoch)──> batches of rows

The order is a function of seed and epoch alone, so student and control see the same batches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from stillroom.data.encoders import Encoder
from stillroom.errors import DataError
from stillroom.io.tables import TableFile
from stillroom.objectives.response import UNLABELLED
from stillroom.objectives.target import SoftTarget
from stillroom.softlabels.dataset import SoftLabelSet


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows in the order in which they are learnt.

    Attributes:
        inputs: [N, *shape], float32.
        labels: [N], int64, -1 where a row has no label.
        target: the teachers' answers, or None where the job has none.
    """

    inputs: Tensor
    labels: Tensor
    target: SoftTarget | None

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on a device; Lightning calls this."""
        target = self.target
        if target is not None:
            target = SoftTarget(target.ids.to(device), target.log_p.to(device), target.temperature)
        return Batch(self.inputs.to(device), self.labels.to(device), target)


class Table(Dataset[Batch]):
    """Rows in memory that are fetched a batch at a time, not one by one."""

    def __init__(self, rows: Batch) -> None:
        """Hold the rows."""
        self.rows = rows

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.rows.labels)

    def __getitems__(self, index: list[int]) -> Batch:
        """Return the rows at `index` as one batch; PyTorch's fetcher prefers this method."""
        at = torch.tensor(index)
        target = self.rows.target
        return Batch(
            self.rows.inputs[at],
            self.rows.labels[at],
            None if target is None else target.rows(at),
        )


class EpochOrder(Sampler[int]):
    """A permutation of the rows that depends on the seed and the epoch alone."""

    def __init__(self, rows: int, seed: int) -> None:
        """Order `rows` rows; Lightning calls `set_epoch` before each epoch."""
        self.count, self.seed, self.epoch = rows, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation of an epoch, from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return how many rows an epoch has."""
        return self.count

    def __iter__(self) -> Iterator[int]:
        """Yield each row's index once."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
        yield from order.tolist()


def loader(rows: Batch, batch_size: int, seed: int) -> DataLoader[Batch]:
    """Return batches in shuffled order.

    A last batch of one row is dropped: batch normalisation cannot take it.
    """
    table = Table(rows)
    return DataLoader(
        table,
        batch_size=min(batch_size, len(table)),
        sampler=EpochOrder(len(table), seed),
        collate_fn=_as_fetched,
        drop_last=len(table) % batch_size == 1 and len(table) > batch_size,
    )


def in_order(rows: Batch, batch_size: int) -> DataLoader[Batch]:
    """Return batches in the order of the rows, all of them."""
    return DataLoader(Table(rows), batch_size=batch_size, collate_fn=_as_fetched)


def read_split(
    examples: Path, encoder: Encoder, split: str, soft_labels: Path | None, temperature: float
) -> Batch:
    """Return the rows of a split, joined by key with their soft labels where a set is given.

    Raises:
        DataError: the split is empty.
        SoftLabelError: an example has no soft label.
    """
    frame = TableFile(examples).read().filter(pl.col("split") == split)
    if frame.is_empty():
        raise DataError(f"{examples} has no rows in the split {split}. Run ingest again.")
    labels = frame["label"].fill_null(UNLABELLED).to_numpy().astype(np.int64)
    target = None
    if soft_labels is not None:
        target = _target(SoftLabelSet(soft_labels), frame["example_id"].to_list(), temperature)
    return Batch(torch.from_numpy(encoder.encode(frame)), torch.from_numpy(labels), target)


def labelled(rows: Batch) -> Batch:
    """Return the labelled rows, without soft labels.

    Raises:
        DataError: no row has a label.
    """
    known = rows.labels != UNLABELLED
    if not known.any():
        raise DataError("no training row has a label. Raise data.label_fraction.")
    return Batch(rows.inputs[known], rows.labels[known], None)


def _target(labels: SoftLabelSet, example_ids: list[bytes], temperature: float) -> SoftTarget:
    if len(labels.manifest.captures) == 1:
        heads = labels.heads(example_ids, temperature, member=0)
        ids, log_p = heads.ids, heads.log_p
    else:
        with np.errstate(divide="ignore"):  # log 0 is -inf, and the objective knows it
            log_p = np.log(labels.probabilities(example_ids, temperature))
        ids = np.broadcast_to(np.arange(log_p.shape[1]), log_p.shape).copy()
    return SoftTarget(torch.from_numpy(ids), torch.from_numpy(log_p).float(), temperature)


def _as_fetched(batch: Any) -> Any:
    return batch
