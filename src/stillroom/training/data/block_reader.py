"""Block readers: numbers of blocks in, their rows with the fit's views and targets out.

examples, soft labels ──BlockReader(blocks)──plain──dataset_for──> MemoryDataset of the fit

They are small values, and each loading process opens the files itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import torch

from stillroom.data.encoders import Encoder
from stillroom.data.ingest.splits import TRAIN
from stillroom.data.views.image_views import Views
from stillroom.data.views.token_masks import Masks
from stillroom.errors import StillroomError
from stillroom.io.tables import TableFile
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.build_loss import build_mixture
from stillroom.training.data.memory_dataset import (
    MemoryDataset,
    plain_dataset,
    read_split,
    subset,
    with_captured_views,
    with_pooled_features,
    with_targets,
    with_views,
)
from stillroom.training.data.row_selection import transfer_mask
from stillroom.training.job import Fit


@dataclass(frozen=True, kw_only=True)
class BlockReader:
    """Reads blocks of training rows.

    Attributes:
        fit: the fit that learns from the rows.
        files: the file of each block.
        encoder: the encoder of the inputs.
        labels: the folder of the soft labels; None where no fit uses them.
        shards: for each block and each member, the shards that hold the block's rows.
    """

    fit: Fit
    files: tuple[TableFile, ...]
    encoder: Encoder
    labels: Path | None
    shards: tuple[list[list[int]], ...]

    def __call__(self, blocks: Sequence[int]) -> MemoryDataset:
        """Return the rows of some blocks, as the fit learns from them."""
        frame = pl.concat([self.files[block].read() for block in blocks])
        plain = plain_dataset(frame.filter(pl.col("split") == TRAIN), self.encoder)
        if self._set is None:
            return dataset_for(self.fit, plain, None)
        wanted = [
            sorted({shard for block in blocks for shard in self.shards[block][member]})
            for member in self._set.members
        ]
        return dataset_for(self.fit, plain, self._set.of_shards(wanted))

    def __getstate__(self) -> dict[str, Any]:
        """Pickle only the fields: each process opens the soft labels itself."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def _set(self) -> SoftLabelSet | None:
        return _opened(self.labels)


@dataclass(frozen=True, kw_only=True)
class SplitReader:
    """Reads all training rows of a fit, in a loading process.

    Attributes:
        fit: the fit that learns from the rows.
        examples: the table of examples, with all splits.
        encoder: the encoder of the inputs.
        labels: the folder of the soft labels; None where no fit uses them.
    """

    fit: Fit
    examples: TableFile
    encoder: Encoder
    labels: Path | None

    def __call__(self) -> MemoryDataset:
        """Return the rows, as the fit learns from them."""
        rows = read_split(self.examples, self.encoder, TRAIN)
        return dataset_for(self.fit, rows, _opened(self.labels))


def dataset_for(fit: Fit, plain: MemoryDataset, labels: SoftLabelSet | None) -> MemoryDataset:
    """Return the rows that a fit learns from, with soft labels where its objective needs them.

    A fit that learns from hard labels sees the same views in the same epochs as one that learns
    from the job's soft labels. Without captured views, each epoch hides other tokens.

    Raises:
        StillroomError: the fit has a soft objective and the job no soft labels, or they lack a row.
    """
    kept = transfer_mask(fit, plain.example_ids, plain.labels.numpy())
    rows = subset(plain, torch.from_numpy(kept))
    if fit.objective is not None and fit.mode == "cached":
        if labels is None:
            raise StillroomError(
                f"{fit.name} has a soft objective, but the job has no soft labels. Set "
                "`soft_labels` in the job, or give the fit mode=live."
            )
        loss = build_mixture(fit.objective, labels.is_unbiased)
        viewed = with_targets(rows, labels, loss.temperatures)
        return with_pooled_features(viewed, labels) if loss.features else viewed
    epochs = fit.optimisation.epochs
    if isinstance(rows.views, Masks) and (labels is None or fit.mode == "live"):
        return with_views(rows, rows.views.with_count(epochs))
    viewed = rows if labels is None else with_captured_views(rows, labels)
    if not fit.shift:
        return viewed
    return with_views(viewed, Views(count=epochs, shift=fit.shift, seed=fit.seed))


def _opened(labels: Path | None) -> SoftLabelSet | None:
    return None if labels is None else SoftLabelSet(labels)
