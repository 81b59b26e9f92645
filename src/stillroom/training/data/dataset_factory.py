"""The dataset factory: examples and soft labels in, the dataset that each fit learns from out.

    examples, soft labels ──keys compared──> fits memory?
        yes: MemoryDataset, shuffled globally
        no:  StreamingDataset, shuffled in groups of files

They are joined by key: an example without a soft label, or a soft label without an example, is an
error.
"""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.data.ingest.splits import TRAIN, VALIDATION
from stillroom.errors import DataError
from stillroom.io.tables import TableFile
from stillroom.no_label import NO_LABEL
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.training.data.block_reader import BlockReader, SplitReader, dataset_for
from stillroom.training.data.example_index import ExampleIndex
from stillroom.training.data.memory_dataset import (
    MemoryDataset,
    labelled_rows,
    read_split,
)
from stillroom.training.data.row_selection import transfer_mask
from stillroom.training.data.streaming_dataset import GROUPS_HELD, StreamingDataset
from stillroom.training.job import Fit

_LOG = logging.getLogger(__name__)

# Bytes of a row beside its inputs and entries: its keys, its positions in indices, objects.
OVERHEAD = 400
STARTS = "starts"  # the column of the first tokens of the pieces of a pack
PER_ENTRY = 32  # bytes of an id and a probability: stored, read, and as tensors
PER_FEATURE = 4  # bytes: stored in half precision, and those of the fit's rows


@dataclass(frozen=True, kw_only=True)
class DatasetFactory:
    """Makes the datasets of a job's fits.

    Attributes:
        examples: the table of examples, with all splits.
        encoder: the encoder of the inputs.
        labels: the soft labels; None where no fit uses them.
        memory: the bytes that training rows may take.
    """

    examples: TableFile
    encoder: Encoder
    labels: SoftLabelSet | None
    memory: float

    def validation(self) -> MemoryDataset:
        """Return the labelled rows of the validation split."""
        return labelled_rows(read_split(self.examples, self.encoder, VALIDATION))

    def count(self, fit: Fit) -> int:
        """Return how many rows a fit learns from.

        Raises:
            DataError: there are none, or the fit learns from hard labels and no row has one.
        """
        train = self._train_index
        labels = train.labels[transfer_mask(fit, train.keys, train.labels)]
        own = isinstance(
            self.encoder, SequenceEncoder
        )  # the labels of sequences are their own tokens
        if fit.objective is None and not own and (labels == NO_LABEL).all():
            raise DataError(
                f"{fit.name} learns from hard labels, but none of its {len(labels)} training rows "
                "has a label. Label some of them, or raise data.label_fraction."
            )
        return len(labels)

    def dataset_of(self, fit: Fit) -> MemoryDataset | StreamingDataset:
        """Return the dataset that a fit learns from.

        Raises:
            StillroomError: the fit has a soft objective and the job no soft labels, or they belong
                to other examples.
        """
        if not self.fits_memory:
            return self._streaming(fit)
        reread = SplitReader(
            fit=fit, examples=self.examples, encoder=self.encoder, labels=self._folder
        )
        return replace(dataset_for(fit, self._train, self.labels), reread=reread)

    @cached_property
    def fits_memory(self) -> bool:
        """Whether all rows may be in memory; logs the answer once."""
        needed, rows = self.needed, int(self._index.train.sum())
        size = f"{rows:,} rows need about {needed / 1e9:.2f} GB; trainer.memory_gb allows "
        size += f"{self.memory / 1e9:g} GB: "
        if needed <= self.memory:
            _LOG.info("%sshuffling globally", size)
            return True
        _LOG.info("%sshuffling in groups of %d of %d files", size, self._at_once, self._files)
        return False

    @cached_property
    def needed(self) -> float:
        """An estimate of the bytes that all training rows take in memory.

        A fit that learns from a share of the rows holds a copy of that share as well.
        """
        row = 4 * prod(self.encoder.shape) + OVERHEAD
        needed = float(self._index.train.sum() * row)
        if self.labels is None:
            return needed
        for member in self.labels.manifest.members:
            entries = member.capture.sparsifier.entries_at_most(self.labels.manifest.classes)
            needed += member.rows * (OVERHEAD + PER_ENTRY * entries * self._positions)
        width, rows = self.labels.feature_width, self.labels.manifest.members[0].rows
        return needed + PER_FEATURE * width * rows * (self._pieces if width else 0.0)

    @property
    def _pieces(self) -> float:
        """How many pieces a row has on average; only the column of their starts is read."""
        if not isinstance(self.encoder, SequenceEncoder):
            return 1.0
        counts = [part.read([STARTS])[STARTS].list.len() for part in self.examples.parts]
        return float(sum(one.sum() for one in counts) / sum(map(len, counts)))

    @property
    def _positions(self) -> int:
        """How many distributions a row has at most."""
        return self.encoder.max_labels if isinstance(self.encoder, SequenceEncoder) else 1

    @property
    def _folder(self) -> Path | None:
        return None if self.labels is None else self.labels.folder

    @property
    def _files(self) -> int:
        return len(self.examples.parts)

    @property
    def _at_once(self) -> int:
        """How many files a group may have, so that the groups held together fit the memory."""
        return max(1, int(self.memory / GROUPS_HELD // (self.needed / self._files)))

    @cached_property
    def _train(self) -> MemoryDataset:
        if self.labels is not None:
            for member in self.labels.members:
                self._index.require(self.labels.example_ids(member))
        return read_split(self.examples, self.encoder, TRAIN)

    @cached_property
    def _index(self) -> ExampleIndex:
        return ExampleIndex.of(self.examples)

    @cached_property
    def _train_index(self) -> ExampleIndex:
        return self._index.only(self._index.train)

    @cached_property
    def _shards(self) -> list[list[list[int]]]:
        """Return, for each file and each member, the shards that hold the file's rows.

        Raises:
            SoftLabelError: a shard holds an unknown example, or a training example has fewer soft
                labels than others.
        """
        shards: list[list[list[int]]] = [[] for _ in range(self._files)]
        if self.labels is None:
            return shards
        for member in self.labels.members:
            times = np.zeros(len(self._index.ids), dtype=np.int64)
            for of_file in shards:
                of_file.append([])
            for number, ids in enumerate(self.labels.example_ids_by_shard(member)):
                at = self._index.require(ids)
                times += np.bincount(at, minlength=len(times))
                for file in np.unique(self._index.files[at]):
                    shards[file][member].append(number)
            self._train_index.require_equal(times[self._index.train])
        return shards

    def _streaming(self, fit: Fit) -> StreamingDataset:
        train = self._train_index
        kept = transfer_mask(fit, train.keys, train.labels)
        sizes = np.bincount(train.files[kept], minlength=self._files)
        used = np.flatnonzero(sizes)
        reader = BlockReader(
            fit=fit,
            files=tuple(self.examples.parts[file] for file in used),
            encoder=self.encoder,
            labels=self._folder,
            # Computed here, once: otherwise each loading process would scan all shards.
            shards=tuple(self._shards[file] for file in used),
        )
        return StreamingDataset(tuple(sizes[used].tolist()), reader, self._at_once)
