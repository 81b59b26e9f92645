"""Dataset factories over small images in five files, and the content of their batches."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import torch
from support.examples.image_examples import (
    ImageExamples,
    frame,
    image_examples,
    soft_labels,
    untrained_teachers,
)

from stillroom.data.encoders import read_encoder
from stillroom.data.views.image_views import Views
from stillroom.io.tables import TableFile, write_table
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.kinds.threshold import Threshold
from stillroom.training.data.batch_loader import Batch, BatchLoader
from stillroom.training.data.batches import RowBatches
from stillroom.training.data.dataset_factory import DatasetFactory
from stillroom.training.data.memory_dataset import MemoryDataset
from stillroom.training.data.sampler import BatchSplit, MicroBatchSampler
from stillroom.training.data.streaming_dataset import StreamingDataset

MOVED = Views(count=2, shift=1, seed=0)
FILES = (0, 25, 40, 41, 90, 110)


def five_files(folder: Path) -> ImageExamples:
    """Write examples in five files; one has no training row."""
    whole = image_examples(folder, unlabelled=20)
    table = frame(unlabelled=20)
    order = np.argsort(np.random.default_rng(3).permutation(60))
    mixed = pl.concat([table[:60][order.tolist()], table[60:]])
    for number, (start, end) in enumerate(pairwise(FILES), start=1):
        write_table(mixed[start:end], folder / "parts" / f"{number:05d}-of-00005.parquet")
    return ImageExamples(TableFile(folder / "parts"), whole.encoder)


def uneven_labels(made: ImageExamples, folder: Path) -> SoftLabelSet:
    """Write soft labels of two teachers, whose targets differ in length from row to row."""
    teachers = untrained_teachers(made, folder / "t", 2)
    kind = Threshold(entries=1.5, tau=0.4, temperature=4.0)
    return soft_labels(made, teachers, folder / "s", kind, views=MOVED)


def source(made: ImageExamples, labels: SoftLabelSet | None, memory: float = 1e9) -> DatasetFactory:
    """Return the datasets of a job over the examples."""
    return DatasetFactory(
        examples=made.examples, encoder=read_encoder(made.encoder), labels=labels, memory=memory
    )


def in_blocks(
    made: ImageExamples, labels: SoftLabelSet | None, files: float = 2.0
) -> DatasetFactory:
    """Return a source whose memory holds this many files at once."""
    needed = source(made, labels).needed
    return source(made, labels, memory=2.01 * files * needed / 5)


def contents(batch: Batch) -> list[tuple[bytes, int, tuple[float, ...]]]:
    """Return inputs, label and dense target of each row."""
    rows = len(batch.labels)
    dense = torch.zeros(rows, 3)
    if batch.target is not None:
        dense = dense.scatter(1, batch.target.ids, batch.target.at(4.0).exp())
    triples = zip(batch.inputs, batch.labels, dense, strict=True)
    return [(x.numpy().tobytes(), int(label), tuple(p.tolist())) for x, label, p in triples]


def epoch_of(
    rows: MemoryDataset | StreamingDataset, epoch: int, sharing: BatchSplit | None = None
) -> list[Batch]:
    """Return the batches of one process in an epoch."""
    table, order = rows.shuffled(seed=7)
    parts = MicroBatchSampler(RowBatches(order, 8), sharing or BatchSplit())
    parts.go_to(epoch, 0)
    return list(BatchLoader(table, parts, workers=0))
