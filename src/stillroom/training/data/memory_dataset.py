"""The dataset in memory: examples and soft labels in, a split joined by key out.

examples + encoder.json ──read_split──> MemoryDataset ──with_targets, joined by key──> MemoryDataset
MemoryDataset[micro-batch] ──> Batch
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.ingest.splits import TRAIN, VALIDATION
from stillroom.data.text.token_layout import TOKENS
from stillroom.data.views.image_views import PLAIN, Transform
from stillroom.errors import DataError, SoftLabelError
from stillroom.io.tables import TableFile
from stillroom.models.forward.lm_head import label_mask, masked_labels
from stillroom.models.forward.one_piece_rows import piece_starts
from stillroom.no_label import NO_LABEL
from stillroom.objectives.mixture import BatchCounts
from stillroom.objectives.targets.ragged_targets import Targets, targets_of
from stillroom.objectives.targets.soft_target import SoftTarget
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.format.pooled_features import RowFeatures
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.sampler import GlobalShuffle, MicroBatch

SAMPLE = 64  # sequences by which all sequences are described
WAYS_OUT = {
    TRAIN: "Lower data.validation and data.test",
    VALIDATION: "Each epoch is judged by its rows: raise data.validation",
}


@dataclass(frozen=True, slots=True)
class MemoryDataset:
    """A split in memory: inputs as they are, and soft labels of each of their variants.

    Attributes:
        inputs: [N, *shape], in view 0: float32, or int32 of sequences.
        labels: [N], int64, -1 where a row has no label; sequences carry theirs in the inputs.
        example_ids: N keys, by which a view is made again.
        views: how a view is made.
        variants: (view, draw) of each variant; a plain split has one, (0, 0).
        targets: the teachers' answers to each variant; empty where no term compares answers.
        features: the teachers' pooled features of the N rows of each variant; empty where no term
            compares features.
        is_tokens: whether the rows are sequences, whose labels and targets belong to positions.
        reread: reads the same rows again in a loading process, which is sent this function instead
            of the tensors.
    """

    inputs: Tensor
    labels: Tensor
    example_ids: list[bytes]
    views: Transform
    variants: list[tuple[int, int]]
    targets: list[Targets]
    features: list[RowFeatures] = field(default_factory=list)
    is_tokens: bool = False
    reread: "Callable[[], MemoryDataset] | None" = None

    def __reduce__(self) -> tuple[Callable[..., "MemoryDataset"], tuple[Any, ...]]:
        """Pickle `reread` where there is one, and else the tensors."""
        if self.reread is None:
            return type(self), tuple(getattr(self, one.name) for one in fields(self))
        return self.reread, ()

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.labels)

    def some_targets(self) -> list[SoftTarget]:
        """Return the targets of each variant; of sequences, those of the first ones."""
        some = torch.arange(min(SAMPLE, len(self)) if self.is_tokens else len(self))
        return [target.rows(some) for target in self.targets]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many positions each row has, [N]; a sequence has as many in every view."""
        if self.is_tokens:
            return label_mask(self.inputs).sum(dim=1).numpy()
        return np.ones(len(self), dtype=np.int64)

    def row_tokens(self) -> NDArray[np.int64] | None:
        """Return the length of each text, [N]; None for rows that are never trimmed."""
        if self.is_tokens or self.inputs.is_floating_point():
            return None
        return (self.inputs[:, TOKENS] >= 0).sum(dim=1).numpy()

    def shuffled(self, seed: int) -> "tuple[MemoryDataset, GlobalShuffle]":
        """Return the rows, and an order that permutes all of them."""
        return self, GlobalShuffle(len(self), seed)

    def __getitem__(self, micro_batch: MicroBatch) -> Batch:
        """Return a micro-batch; epochs take the variants in turn."""
        at = torch.from_numpy(micro_batch.rows)
        variant = micro_batch.epoch % len(self.variants)
        view = self.variants[variant][0]
        if self.is_tokens:  # a view has labels of its own, and means are over the whole batch
            whole = self._view(micro_batch.batch, view)
            inputs = whole[torch.from_numpy(micro_batch.offsets)]
            labels, counts = masked_labels(inputs), BatchCounts.of(masked_labels(whole), len(whole))
        else:
            inputs, labels = self._view(micro_batch.rows, view), self.labels[at]
            counts = BatchCounts.of(self.labels[torch.from_numpy(micro_batch.batch)])
        return Batch(
            inputs=inputs,
            labels=labels,
            target=self.targets[variant].rows(at) if self.targets else None,
            counts=counts,
            micro_batches=micro_batch.count,
            features=self._features(variant, micro_batch.rows) if self.features else None,
            is_tokens=self.is_tokens,
        )

    def _features(self, variant: int, rows: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(self.features[variant].rows(rows).vectors).float()

    def _view(self, rows: NDArray[np.int64], view: int) -> Tensor:
        inputs = self.inputs[torch.from_numpy(rows)]
        if not view and not self.is_tokens:  # view 0 of an image is the image
            return inputs
        keys = [self.example_ids[row] for row in rows.tolist()]
        return torch.from_numpy(self.views.apply(inputs.numpy(), keys, view))


def read_split(examples: TableFile, encoder: Encoder, split: str) -> MemoryDataset:
    """Return the rows of a split, in view 0 and without soft labels.

    Raises:
        DataError: the split is empty.
    """
    parts = [part.read().filter(pl.col("split") == split) for part in examples.parts]
    frame = pl.concat(parts)
    if frame.is_empty():
        raise DataError(
            f"{examples.path} has no rows in the split {split}. {WAYS_OUT[split]}, or give more "
            "rows, and run `kedro run --pipeline=ingest`."
        )
    return plain_dataset(frame, encoder)


def plain_dataset(frame: pl.DataFrame, encoder: Encoder) -> MemoryDataset:
    """Return some examples as a dataset, in view 0 and without soft labels."""
    labels = frame["label"].fill_null(NO_LABEL).to_numpy().astype(np.int64)
    return MemoryDataset(
        inputs=torch.from_numpy(encoder.encode(frame)),
        labels=torch.from_numpy(labels),
        example_ids=frame["example_id"].to_list(),
        views=_views_of(encoder),
        variants=[(0, 0)],
        targets=[],
        is_tokens=isinstance(encoder, SequenceEncoder),
    )


def _views_of(encoder: Encoder) -> Transform:
    if isinstance(encoder, SequenceEncoder) and encoder.is_masked:
        return encoder.masks()
    return PLAIN


def with_views(rows: MemoryDataset, views: Transform) -> MemoryDataset:
    """Return the rows with one variant for each view, which epochs take in turn."""
    return replace(rows, views=views, variants=[(view, 0) for view in views.view_numbers])


def with_captured_views(rows: MemoryDataset, labels: SoftLabelSet) -> MemoryDataset:
    """Return the rows in the variants that were captured, without soft labels.

    Raises:
        SoftLabelError: an example has no soft label, or another transform made the views.
    """
    variants = labels.variants(rows.example_ids[0])
    if not variants:
        labels.plain(rows.example_ids[:1], 1.0)  # raises an error that names the example
    name = labels.manifest.captures[0].augmentation
    count = max(view for view, _ in variants)
    return replace(rows, views=rows.views.from_name(name, count), variants=variants)


def with_targets(
    rows: MemoryDataset, labels: SoftLabelSet, temperatures: Sequence[float]
) -> MemoryDataset:
    """Return the rows joined by key with the soft labels of each of their variants.

    Raises:
        SoftLabelError: an example has no soft label, or none at one of the temperatures.
    """
    viewed = with_captured_views(rows, labels)
    if not temperatures:  # no term compares answers
        return viewed
    targets = []
    for view, draw in viewed.variants:
        names = [(key, view, draw) for key in rows.example_ids]
        captured = {t: labels.distributions(names, t) for t in temperatures}
        targets.append(targets_of(captured, viewed.lengths))
        targets[-1].require_finite()
    return replace(viewed, targets=targets)


def with_pooled_features(rows: MemoryDataset, labels: SoftLabelSet) -> MemoryDataset:
    """Return the rows with the teachers' pooled features for each of their variants.

    Raises:
        SoftLabelError: the set holds no features, or those of other pieces.
    """
    features = []
    for view, draw in rows.variants:
        names = [(key, view, draw) for key in rows.example_ids]
        features.append(labels.features(names))
        pieces = piece_starts(rows.inputs).sum(dim=1).numpy() if rows.is_tokens else 1
        if (features[-1].counts != pieces).any():
            raise SoftLabelError(
                "the features of these soft labels belong to other pieces than the examples have. "
                f"{RERUN}"
            )
    return replace(rows, features=features)


def labelled_rows(rows: MemoryDataset) -> MemoryDataset:
    """Return the labelled rows of a validation split, without soft labels.

    Raises:
        DataError: no row has a label.
    """
    if rows.is_tokens:  # their labels are tokens of their own
        return rows
    labelled = rows.labels != NO_LABEL
    if not labelled.any():
        raise DataError(
            f"None of the {len(rows)} validation rows has a label, but each epoch is judged by "
            "their labels. Label some rows of that split, or raise data.validation."
        )
    return subset(rows, labelled)


def subset(rows: MemoryDataset, kept: Tensor) -> MemoryDataset:
    """Return the rows where `kept`, [N] boolean, holds, without soft labels.

    Where all rows are kept, nothing is copied.
    """
    plain = replace(rows, targets=[], features=[])
    if bool(kept.all()):
        return plain
    keys = [key for key, has in zip(rows.example_ids, kept.tolist(), strict=True) if has]
    return replace(plain, inputs=rows.inputs[kept], labels=rows.labels[kept], example_ids=keys)
