"""Readers: which blocks in, their rows as a fit sees them out, in whichever process loads.

examples, soft labels ──Reader(blocks)──plain──see──> Rows with a fit's views and targets
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
import torch

from stillroom.data.encoders import Encoder
from stillroom.data.views.image_views import Views
from stillroom.data.views.token_masks import Masks
from stillroom.errors import StillroomError
from stillroom.io.tables import TableFile
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.build_loss import mixture
from stillroom.training.data.memory_dataset import (
    TRAIN,
    Rows,
    featured,
    only,
    plain_rows,
    read_split,
    replayed,
    seen_anew,
    taught,
)
from stillroom.training.data.row_selection import taken
from stillroom.training.job import Fit


@dataclass(frozen=True)
class Reader:
    """Reads blocks; a small value, since it travels to processes that load.

    Attributes:
        fit: what learns from them.
        files: of each block.
        encoder: of the inputs.
        labels: the folder of the soft labels, where some fit uses them.
        shards: of each block, of each member, the shards that its rows lie in.
    """

    fit: Fit
    files: tuple[TableFile, ...]
    encoder: Encoder
    labels: Path | None
    shards: tuple[list[list[int]], ...]

    def __call__(self, blocks: Sequence[int]) -> Rows:
        """Return some blocks' rows, as the fit sees them."""
        frame = pl.concat([self.files[block].read() for block in blocks])
        plain = plain_rows(frame.filter(pl.col("split") == TRAIN), self.encoder)
        if self._set is None:
            return see(self.fit, plain, None)
        wanted = [
            sorted({shard for block in blocks for shard in self.shards[block][member]})
            for member in self._set.members
        ]
        return see(self.fit, plain, self._set.of_shards(wanted))

    def __getstate__(self) -> dict[str, Any]:
        """Travel as what was given: each process opens the soft labels itself."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @cached_property
    def _set(self) -> SoftLabelSet | None:
        return _opened(self.labels)


@dataclass(frozen=True)
class Again:
    """Reads all of a fit's rows once more, in a process that loads.

    Attributes:
        fit: what learns from them.
        examples: the table, of all splits.
        encoder: of the inputs.
        labels: the folder of the soft labels, where some fit uses them.
    """

    fit: Fit
    examples: TableFile
    encoder: Encoder
    labels: Path | None

    def __call__(self) -> Rows:
        """Return the rows, as the fit sees them."""
        rows = read_split(self.examples, self.encoder, TRAIN)
        return see(self.fit, rows, _opened(self.labels))


def see(fit: Fit, plain: Rows, labels: SoftLabelSet | None) -> Rows:
    """Return what a fit sees of some rows: with soft labels where it learns from them.

    A fit without soft labels beside one with them sees the same views in the same epochs. Where
    nothing was kept of views, other tokens are hidden in each epoch.

    Raises:
        StillroomError: it has a soft objective and no soft labels, or they lack a row.
    """
    kept = taken(fit, plain.example_ids, plain.labels.numpy())
    rows = only(plain, torch.from_numpy(kept))
    if fit.objective is not None and fit.mode == "cached":
        if labels is None:
            raise StillroomError("a job with a soft objective names no soft labels.")
        loss = mixture(fit.objective, labels.is_unbiased)
        seen = taught(rows, labels, loss.temperatures)
        return featured(seen, labels) if loss.features else seen
    epochs = fit.optimisation.epochs
    if isinstance(rows.views, Masks) and (labels is None or fit.mode == "live"):
        return seen_anew(rows, rows.views.counting(epochs))
    seen = rows if labels is None else replayed(rows, labels)
    if not fit.shift:
        return seen
    return seen_anew(seen, Views(count=epochs, shift=fit.shift, seed=fit.seed))


def _opened(labels: Path | None) -> SoftLabelSet | None:
    return None if labels is None else SoftLabelSet(labels)
