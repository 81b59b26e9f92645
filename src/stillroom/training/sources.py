"""Sources: examples and soft labels in, the rows that each fit learns from out.

    examples, soft labels ──keys compared──> fits memory?  yes: Rows, shuffled globally
                                                           no:  Blocks, shuffled in groups of files

Joined by key: an example without a soft label and a soft label without an example are errors.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from stillroom.data.encoders import Encoder
from stillroom.errors import SoftLabelError, StillroomError
from stillroom.io.tables import TableFile
from stillroom.objectives.missing import UNLABELLED
from stillroom.softlabels.dataset import SoftLabelSet
from stillroom.softlabels.sparsify.kinds import Full, Sample, Sparsifier, Threshold
from stillroom.training.blocks import HELD, Blocks
from stillroom.training.job import Fit
from stillroom.training.loss import mixture
from stillroom.training.rows import (
    Rows,
    featured,
    labelled,
    moved,
    only,
    plain_rows,
    read_split,
    replayed,
    taught,
)
from stillroom.training.transfer import taken

_LOG = logging.getLogger(__name__)

TRAIN, VALIDATION = "train", "validation"
# What a row takes beside its inputs and entries: its keys, the places it is found by, objects.
OVERHEAD = 400
PER_ENTRY = 32  # an id and a probability, as they are stored, read and learnt from


@dataclass(frozen=True)
class Source:
    """What a job trains on.

    Attributes:
        examples: the table, of all splits.
        encoder: of the inputs.
        labels: the soft labels, where some fit uses them.
        memory: bytes that rows may take.
    """

    examples: TableFile
    encoder: Encoder
    labels: SoftLabelSet | None
    memory: float

    def validation(self) -> Rows:
        """Return the labelled rows of the validation split."""
        return labelled(read_split(self.examples, self.encoder, VALIDATION))

    def rows_of(self, fit: Fit) -> Rows | Blocks:
        """Return what a fit learns from.

        Raises:
            StillroomError: it has a soft objective and no soft labels, or they are of other
                examples.
        """
        return see(fit, self._train, self.labels) if self.fits_memory else self._blocks(fit)

    @cached_property
    def fits_memory(self) -> bool:
        """Whether the rows may all be in memory; says once what follows."""
        needed, rows = self.needed, int(self._index.train.sum())
        said = f"{rows:,} rows of about {needed / 1e9:.2f} GB, trainer.memory_gb allows "
        said += f"{self.memory / 1e9:g}: "
        if needed <= self.memory:
            _LOG.info("%sshuffling globally", said)
            return True
        _LOG.info("%sshuffling in groups of %d of %d files", said, self._at_once, self._files)
        return False

    @property
    def needed(self) -> float:
        """An estimate of the bytes that all training rows take in memory."""
        row = 4 * prod(self.encoder.shape) + OVERHEAD
        needed = float(self._index.train.sum() * row)
        if self.labels is None:
            return needed
        for member in self.labels.manifest.members:
            entries = entries_of(member.capture.sparsifier, self.labels.manifest.classes)
            needed += member.rows * (OVERHEAD + PER_ENTRY * entries)
        return needed

    @property
    def _files(self) -> int:
        return len(self.examples.parts)

    @property
    def _at_once(self) -> int:
        """How many files may be in memory at once, of the groups that are held."""
        return max(1, int(self.memory / HELD // (self.needed / self._files)))

    @cached_property
    def _train(self) -> Rows:
        if self.labels is not None:
            for member in self.labels.members:
                self._index.require(self.labels.example_ids(member))
        return read_split(self.examples, self.encoder, TRAIN)

    @cached_property
    def _index(self) -> "Index":
        return Index.of(self.examples)

    @cached_property
    def _shards(self) -> list[list[list[int]]]:
        """Return the numbers of the shards that each file's rows lie in, of each member."""
        found: list[list[list[int]]] = [[] for _ in range(self._files)]
        if self.labels is None:
            return found
        for member in self.labels.members:
            for of_file in found:
                of_file.append([])
            for number, ids in enumerate(self.labels.example_ids_by_shard(member)):
                for file in np.unique(self._index.files[self._index.require(ids)]):
                    found[file][member].append(number)
        return found

    def _blocks(self, fit: Fit) -> Blocks:
        train = self._index.only(self._index.train)
        kept = taken(fit, train.keys, train.labels)
        sizes = np.bincount(train.files[kept], minlength=self._files)
        used = np.flatnonzero(sizes)
        shards = self._shards  # here and once: else each loading process would scan them anew

        def read(blocks: Sequence[int]) -> Rows:
            return self._read(fit, [int(used[block]) for block in blocks], shards)

        return Blocks(tuple(sizes[used].tolist()), read, self._at_once)

    def _read(self, fit: Fit, files: Sequence[int], shards: list[list[list[int]]]) -> Rows:
        frame = pl.concat([self.examples.parts[file].read() for file in files])
        plain = plain_rows(frame.filter(pl.col("split") == TRAIN), self.encoder)
        labels = self.labels
        if labels is not None:
            wanted = [
                sorted({shard for file in files for shard in shards[file][member]})
                for member in labels.members
            ]
            labels = labels.of_shards(wanted)
        return see(fit, plain, labels)


def see(fit: Fit, plain: Rows, labels: SoftLabelSet | None) -> Rows:
    """Return what a fit sees of some rows: with soft labels where it learns from them.

    A fit without soft labels beside one with them sees the same views in the same epochs.

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
    seen = rows if labels is None else replayed(rows, labels)
    return moved(seen, fit.shift, fit.optimisation.epochs, fit.seed) if fit.shift else seen


def entries_of(sparsifier: Sparsifier, classes: int) -> float:
    """Return how many entries a distribution has, on average or at most."""
    match sparsifier:
        case Full():
            return classes
        case Sample(draws=draws):
            return min(draws, classes)
        case Threshold(entries=entries, tau=tau):
            return entries or min(1 / tau, classes)
        case _:
            return min(sparsifier.k, classes)


@dataclass(frozen=True, slots=True)
class Index:
    """Where each example lies, by its key.

    Attributes:
        ids: [N], sorted, 16 bytes each.
        files: [N], the number of its file.
        train: [N], whether it is a training example.
        labels: [N], -1 where it has none.
    """

    ids: NDArray[np.bytes_]
    files: NDArray[np.int64]
    train: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, examples: TableFile) -> "Index":
        """Read the keys of all examples."""
        frames = [part.read(["example_id", "split", "label"]) for part in examples.parts]
        frame = pl.concat(frames)
        ids = np.array(frame["example_id"].to_list(), dtype="S16")
        order = np.argsort(ids)
        files = np.repeat(np.arange(len(frames)), [len(one) for one in frames])
        return cls(
            ids[order],
            files[order],
            (frame["split"] == TRAIN).to_numpy()[order],
            frame["label"].fill_null(UNLABELLED).to_numpy().astype(np.int64)[order],
        )

    @property
    def keys(self) -> list[bytes]:
        """The keys; numpy drops zero bytes at their end."""
        return [key.ljust(16, b"\0") for key in self.ids.tolist()]

    def only(self, kept: NDArray[np.bool_]) -> "Index":
        """Return the part of the index where `kept`, [N], holds."""
        return Index(self.ids[kept], self.files[kept], self.train[kept], self.labels[kept])

    def require(self, ids: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """Return where examples stand in the index.

        Raises:
            SoftLabelError: one is not there: the soft labels are of other examples.
        """
        at = np.searchsorted(self.ids, ids).clip(max=len(self.ids) - 1)
        foreign = self.ids[at] != ids
        if foreign.any():
            first = bytes(ids[foreign][0]).ljust(16, b"\0").hex()
            raise SoftLabelError(
                f"{np.unique(ids[foreign]).size} examples with soft labels are not among the "
                f"examples, the first is {first}. Run `kedro run --pipeline=teach` for the "
                "examples at hand."
            )
        return at
