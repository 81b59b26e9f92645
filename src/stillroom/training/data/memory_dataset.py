"""Rows in memory: examples and soft labels in, a split joined by key out.

examples + encoder.json ──read_split──> Rows ──taught, joined by key──> Rows
Rows[part] ──> Batch
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.views.image_views import PLAIN, Transform
from stillroom.errors import DataError
from stillroom.io.tables import TableFile
from stillroom.models.forward.lm_head import asked, labels_of
from stillroom.objectives.missing_mass import UNLABELLED
from stillroom.objectives.mixture import Counts
from stillroom.objectives.soft_target import SoftTarget
from stillroom.softlabels.format.distributions import Distributions, padded
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.data.batch_loader import Batch
from stillroom.training.data.ragged_targets import Ragged
from stillroom.training.data.sampler import Part, Shuffled

SOME = 64  # rows of which something is said of all
TRAIN, VALIDATION = "train", "validation"
WAYS_OUT = {
    TRAIN: "Lower data.validation and data.test",
    VALIDATION: "Each epoch is judged by them: raise data.validation",
}


@dataclass(frozen=True, slots=True)
class Rows:
    """A split in memory: inputs as they are, and what there is of them in each variant.

    Attributes:
        inputs: [N, *shape], in view 0: float32, or int32 of sequences.
        labels: [N], int64, -1 where a row has no label, as sequences have none.
        example_ids: N keys, by which a view is made again.
        views: how a view is made.
        variants: (view, draw) of each variant; a plain split has one, (0, 0).
        targets: the teachers' answers to each variant; none where only labels are learnt.
        features: [N, D], the teachers' pooled features of each variant; none where no term asks.
        again: reads the same rows in a loading process, which gets that instead of the tensors.
    """

    inputs: Tensor
    labels: Tensor
    example_ids: list[bytes]
    views: Transform
    variants: list[tuple[int, int]]
    targets: list[SoftTarget]
    features: list[Tensor] = field(default_factory=list)
    again: "Callable[[], Rows] | None" = None

    def __reduce__(self) -> tuple[Callable[..., "Rows"], tuple[Any, ...]]:
        """Travel as what reads them, where that is known."""
        if self.again is None:
            return type(self), tuple(getattr(self, one.name) for one in fields(self))
        return self.again, ()

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.labels)

    def some_targets(self) -> list[SoftTarget]:
        """Return targets of each variant."""
        return self.targets

    def target_of(self, found: Mapping[float, Distributions]) -> Any:
        """Return the rows' distributions at each temperature as what a batch is taken from."""
        target = soft_target(found)
        target.require_finite()
        return target

    def shuffled(self, seed: int) -> "tuple[Rows, Shuffled]":
        """Return the rows and their order: every row can come anywhere."""
        return self, Shuffled(len(self), seed)

    def __getitem__(self, part: Part) -> Batch:
        """Return a part of a batch; epochs take the variants in turn."""
        at, rows = torch.from_numpy(part.rows), part.rows.tolist()
        variant = part.epoch % len(self.variants)
        inputs, view = self.inputs[at], self.variants[variant][0]
        if view:
            keys = [self.example_ids[row] for row in rows]
            inputs = torch.from_numpy(self.views.apply(inputs.numpy(), keys, view))
        target = self.targets[variant].rows(at) if self.targets else None
        counts = Counts.of(self.labels[torch.from_numpy(part.batch)])
        features = self.features[variant][at].float() if self.features else None
        return Batch(inputs, self.labels[at], target, counts, part.of, features)


class TokenRows(Rows):
    """A split of sequences in memory: what is asked stands in the inputs themselves.

    The targets of a variant are ragged, one distribution for each place that is asked.
    """

    __slots__ = ()

    def some_targets(self) -> list[SoftTarget]:
        """Return targets of each variant, of the first rows."""
        some = torch.arange(min(SOME, len(self)))
        return [target.of_rows(some) for target in self._ragged]

    def target_of(self, found: Mapping[float, Distributions]) -> Any:
        """Return the rows' distributions at each temperature, position after position."""
        # Of a sequence as much is asked in every view.
        return Ragged.of(found, asked(self.inputs).sum(dim=1).numpy())

    def __getitem__(self, part: Part) -> Batch:
        """Return a part of a batch; epochs take the variants in turn."""
        variant = part.epoch % len(self.variants)
        whole = self._seen(part.batch, self.variants[variant][0])
        counts = Counts.of(labels_of(whole), len(whole))
        inputs, at = whole[torch.from_numpy(part.places)], torch.from_numpy(part.rows)
        target = self._ragged[variant].of_rows(at) if self.targets else None
        return Batch(inputs, labels_of(inputs), target, counts, part.of, is_tokens=True)

    @property
    def _ragged(self) -> list[Ragged]:
        return self.targets  # type: ignore[return-value]

    def _seen(self, rows: NDArray[np.int64], view: int) -> Tensor:
        inputs = self.inputs[torch.from_numpy(rows)]
        keys = [self.example_ids[row] for row in rows.tolist()]
        return torch.from_numpy(self.views.apply(inputs.numpy(), keys, view))


def read_split(examples: TableFile, encoder: Encoder, split: str) -> Rows:
    """Return the rows of a split, plain and without soft labels.

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
    return plain_rows(frame, encoder)


def plain_rows(frame: pl.DataFrame, encoder: Encoder) -> Rows:
    """Return some examples as rows, without soft labels."""
    kind = TokenRows if isinstance(encoder, SequenceEncoder) else Rows
    labels = frame["label"].fill_null(UNLABELLED).to_numpy().astype(np.int64)
    return kind(
        inputs=torch.from_numpy(encoder.encode(frame)),
        labels=torch.from_numpy(labels),
        example_ids=frame["example_id"].to_list(),
        views=_views_of(encoder),
        variants=[(0, 0)],
        targets=[],
    )


def _views_of(encoder: Encoder) -> Transform:
    if isinstance(encoder, SequenceEncoder) and encoder.is_masked:
        return encoder.masks()
    return PLAIN


def seen_anew(rows: Rows, views: Transform) -> Rows:
    """Return the rows with a view of their own in each epoch, of as many as there are views."""
    return replace(rows, views=views, variants=[(view, 0) for view in views.numbers])


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
    return replace(rows, views=rows.views.named(name, count), variants=variants)


def taught(rows: Rows, labels: SoftLabelSet, temperatures: Sequence[float]) -> Rows:
    """Return the rows joined by key with the soft labels of each of their variants.

    Raises:
        SoftLabelError: an example has no soft label, or there are none at those temperatures.
    """
    seen = replayed(rows, labels)
    if not temperatures:  # hard labels alone
        return replace(seen, targets=[SoftTarget.nothing(len(rows))] * len(seen.variants))
    targets = []
    for view, draw in seen.variants:
        names = [(key, view, draw) for key in rows.example_ids]
        targets.append(seen.target_of({t: labels.distributions(names, t) for t in temperatures}))
    return replace(seen, targets=targets)


def featured(rows: Rows, labels: SoftLabelSet) -> Rows:
    """Return the rows with the teachers' pooled features of each of their variants.

    Raises:
        SoftLabelError: none were kept.
    """
    features = []
    for view, draw in rows.variants:
        names = [(key, view, draw) for key in rows.example_ids]
        features.append(torch.from_numpy(labels.features(names)))
    return replace(rows, features=features)


def soft_target(found: Mapping[float, Distributions]) -> SoftTarget:
    """Return the same rows' distributions at each temperature as one target, in float32."""
    if all(one.is_whole for one in found.values()):
        with np.errstate(divide="ignore"):
            whole = {t: torch.from_numpy(np.log(one.dense())).float() for t, one in found.items()}
        return SoftTarget.whole(whole)
    ids, tables = padded(list(found.values()))
    with np.errstate(divide="ignore"):  # log 0 is -inf, and the objective knows it
        logs = [torch.from_numpy(np.log(weights)).float() for weights in tables]
    return SoftTarget(torch.from_numpy(ids), dict(zip(found, logs, strict=True)))


def labelled(rows: Rows) -> Rows:
    """Return the labelled rows of a validation split, without soft labels.

    Raises:
        DataError: no row has a label.
    """
    if isinstance(rows, TokenRows):  # whose labels are tokens of their own
        return rows
    known = rows.labels != UNLABELLED
    if not known.any():
        raise DataError(
            f"none of the {len(rows)} validation rows has a label, and each epoch is judged by "
            "them. Give labels to some rows of that split, or raise data.validation."
        )
    return replace(only(rows, known), targets=[])


def only(rows: Rows, kept: Tensor) -> Rows:
    """Return the rows where `kept`, [N] boolean, holds; all of them are not copied."""
    if bool(kept.all()):
        return rows
    keys = [key for key, has in zip(rows.example_ids, kept.tolist(), strict=True) if has]
    return replace(
        rows,
        inputs=rows.inputs[kept],
        labels=rows.labels[kept],
        example_ids=keys,
        targets=[target.rows(kept) for target in rows.targets],
        features=[features[kept] for features in rows.features],
    )
