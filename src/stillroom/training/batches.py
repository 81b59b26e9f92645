"""Batches: examples and soft labels in, batches of tensors joined by key out.

    examples + encoder.json ──read_split──> Rows ──taught, joined by key──> Rows
    Rows ──order(seed, epoch), variant(epoch)──> batches

The order is a function of seed and epoch alone, so student and control see the same batches.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from stillroom.data.encoders import Encoder
from stillroom.data.views import PLAIN, Views
from stillroom.errors import DataError
from stillroom.io.tables import TableFile
from stillroom.objectives.missing import UNLABELLED
from stillroom.objectives.target import SoftTarget
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.softlabels.distributions import Distributions, padded


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
        target = None if self.target is None else self.target.to(device)
        return Batch(self.inputs.to(device), self.labels.to(device), target)


@dataclass(frozen=True, slots=True)
class Rows:
    """A split in memory: inputs as they are, and what there is of them in each variant.

    Attributes:
        inputs: [N, *shape], float32, plain.
        labels: [N], int64, -1 where a row has no label.
        example_ids: N keys, by which a view is made again.
        views: how a view is made.
        variants: (view, draw) of each variant; a plain split has one, (0, 0).
        targets: the teachers' answers to each variant; none where only labels are learnt.
    """

    inputs: Tensor
    labels: Tensor
    example_ids: list[bytes]
    views: Views
    variants: list[tuple[int, int]]
    targets: list[SoftTarget]

    def batch(self, index: list[int], variant: int) -> Batch:
        """Return some rows as a variant has them."""
        at = torch.tensor(index)
        inputs, view = self.inputs[at], self.variants[variant][0]
        if view:
            keys = [self.example_ids[row] for row in index]
            inputs = torch.from_numpy(self.views.apply(inputs.numpy(), keys, view))
        target = self.targets[variant].rows(at) if self.targets else None
        return Batch(inputs, self.labels[at], target)


class Table(Dataset[Batch]):
    """Rows in memory that are fetched a batch at a time, not one by one.

    An index is row + variant * rows, so that the sampler alone says which variant an epoch sees.
    """

    def __init__(self, rows: Rows) -> None:
        """Hold the rows."""
        self.rows = rows

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.rows.labels)

    def __getitems__(self, index: list[int]) -> Batch:
        """Return the rows at `index` as one batch; PyTorch's fetcher prefers this method."""
        return self.rows.batch([at % len(self) for at in index], index[0] // len(self))


class EpochOrder(Sampler[int]):
    """A permutation of the rows that depends on the seed and the epoch alone.

    Epochs take the variants in turn: view 1, view 2, …, or draw 0, draw 1, ….
    """

    def __init__(self, rows: int, variants: int, seed: int) -> None:
        """Order `rows` rows; Lightning calls `set_epoch` before each epoch."""
        self.count, self.variants, self.seed, self.epoch = rows, variants, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the permutation and the variant of an epoch, from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return how many rows an epoch has."""
        return self.count

    def __iter__(self) -> Iterator[int]:
        """Yield each row's index once."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
        yield from (order + self.epoch % self.variants * self.count).tolist()


def loader(rows: Rows, batch_size: int, seed: int) -> DataLoader[Batch]:
    """Return batches in shuffled order.

    A last batch of one row is dropped: batch normalisation cannot take it.
    """
    table = Table(rows)
    return DataLoader(
        table,
        batch_size=min(batch_size, len(table)),
        sampler=EpochOrder(len(table), len(rows.variants), seed),
        collate_fn=_as_fetched,
        drop_last=len(table) % batch_size == 1 and len(table) > batch_size,
    )


def in_order(rows: Rows, batch_size: int) -> DataLoader[Batch]:
    """Return batches in the order of the rows, all of them."""
    return DataLoader(Table(rows), batch_size=batch_size, collate_fn=_as_fetched)


def read_split(examples: Path, encoder: Encoder, split: str) -> Rows:
    """Return the rows of a split, plain and without soft labels.

    Raises:
        DataError: the split is empty.
    """
    frame = TableFile(examples).read().filter(pl.col("split") == split)
    if frame.is_empty():
        raise DataError(f"{examples} has no rows in the split {split}. Run ingest again.")
    labels = frame["label"].fill_null(UNLABELLED).to_numpy().astype(np.int64)
    return Rows(
        inputs=torch.from_numpy(encoder.encode(frame)),
        labels=torch.from_numpy(labels),
        example_ids=frame["example_id"].to_list(),
        views=PLAIN,
        variants=[(0, 0)],
        targets=[],
    )


def replayed(rows: Rows, labels: SoftLabelSet) -> Rows:
    """Return the rows in the variants that the teachers saw, without soft labels.

    Raises:
        SoftLabelError: an example has no soft label, or another transform made the views.
    """
    variants = labels.variants(rows.example_ids[0])
    if not variants:
        labels.plain(rows.example_ids[:1], 1.0)  # refuses, and says which example it is
    name = labels.manifest.captures[0].augmentation
    count = max(view for view, _ in variants)
    return replace(rows, views=Views.named(name, count), variants=variants)


def taught(rows: Rows, labels: SoftLabelSet, temperatures: Sequence[float]) -> Rows:
    """Return the rows joined by key with the soft labels of each of their variants.

    Raises:
        SoftLabelError: an example has no soft label, or there are none at those temperatures.
    """
    seen = replayed(rows, labels)
    if not temperatures:  # hard labels alone
        nothing = SoftTarget(torch.empty((len(rows.labels), 0), dtype=torch.int64), {})
        return replace(seen, targets=[nothing] * len(seen.variants))
    targets = []
    for view, draw in seen.variants:
        names = [(key, view, draw) for key in rows.example_ids]
        targets.append(soft_target({t: labels.distributions(names, t) for t in temperatures}))
        targets[-1].require_finite()
    return replace(seen, targets=targets)


def soft_target(found: Mapping[float, Distributions]) -> SoftTarget:
    """Return the same rows' distributions at each temperature as one target, in float32."""
    ids, tables = padded(list(found.values()))
    with np.errstate(divide="ignore"):  # log 0 is -inf, and the objective knows it
        logs = [torch.from_numpy(np.log(weights)).float() for weights in tables]
    return SoftTarget(torch.from_numpy(ids), dict(zip(found, logs, strict=True)))


def labelled(rows: Rows) -> Rows:
    """Return the labelled rows, without soft labels.

    Raises:
        DataError: no row has a label.
    """
    known = rows.labels != UNLABELLED
    if not known.any():
        raise DataError("no training row has a label. Raise data.label_fraction.")
    kept = [key for key, has in zip(rows.example_ids, known.tolist(), strict=True) if has]
    return replace(
        rows,
        inputs=rows.inputs[known],
        labels=rows.labels[known],
        example_ids=kept,
        targets=[],
    )


def _as_fetched(batch: Any) -> Any:
    return batch
