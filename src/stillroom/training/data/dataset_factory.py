"""Sources: examples and soft labels in, the rows that each fit learns from out.

    examples, soft labels ──keys compared──> fits memory?  yes: Rows, shuffled globally
                                                           no:  Blocks, shuffled in groups of files

Joined by key: an example without a soft label and a soft label without an example are errors.
"""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from pathlib import Path

import numpy as np

from stillroom.data.encoders import Encoder, SequenceEncoder
from stillroom.errors import DataError
from stillroom.io.tables import TableFile
from stillroom.objectives.missing_mass import UNLABELLED
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.sparsify.sparsifiers import Full, Sample, Sparsifier, Threshold
from stillroom.training.data.block_reader import Again, Reader, see
from stillroom.training.data.example_index import Index
from stillroom.training.data.memory_dataset import TRAIN, VALIDATION, Rows, labelled, read_split
from stillroom.training.data.row_selection import taken
from stillroom.training.data.streaming_dataset import HELD, Blocks
from stillroom.training.job import Fit

_LOG = logging.getLogger(__name__)

# What a row takes beside its inputs and entries: its keys, the places it is found by, objects.
OVERHEAD = 400
PER_ENTRY = 32  # an id and a probability, as they are stored, read and learnt from
PER_FEATURE = 6  # as it is stored, in half precision, and as it is learnt from


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

    def count(self, fit: Fit) -> int:
        """Return how many rows a fit learns from.

        Raises:
            DataError: none, or it would learn from hard labels and no row has one.
        """
        train = self._train_index
        labels = train.labels[taken(fit, train.keys, train.labels)]
        own = isinstance(self.encoder, SequenceEncoder)  # whose labels are their own tokens
        if fit.objective is None and not own and (labels == UNLABELLED).all():
            raise DataError(
                f"{fit.name} learns from hard labels, and none of its {len(labels)} training rows "
                "has one. Give labels to some of them, or raise data.label_fraction."
            )
        return len(labels)

    def rows_of(self, fit: Fit) -> Rows | Blocks:
        """Return what a fit learns from.

        Raises:
            StillroomError: it has a soft objective and no soft labels, or they are of other
                examples.
        """
        if not self.fits_memory:
            return self._blocks(fit)
        again = Again(fit, self.examples, self.encoder, self._folder)
        return replace(see(fit, self._train, self.labels), again=again)

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

    @cached_property
    def needed(self) -> float:
        """An estimate of the bytes that all training rows take in memory.

        A fit that learns from a part of them holds that part beside them.
        """
        row = 4 * prod(self.encoder.shape) + OVERHEAD
        needed = float(self._index.train.sum() * row)
        if self.labels is None:
            return needed
        for member in self.labels.manifest.members:
            entries = entries_of(member.capture.sparsifier, self.labels.manifest.classes)
            needed += member.rows * (OVERHEAD + PER_ENTRY * entries * self._positions)
        features = self.labels.feature_width * self.labels.manifest.members[0].rows
        return needed + PER_FEATURE * features

    @property
    def _positions(self) -> int:
        """How many distributions a row has, at most."""
        return self.encoder.most_asked if isinstance(self.encoder, SequenceEncoder) else 1

    @property
    def _folder(self) -> Path | None:
        return None if self.labels is None else self.labels.folder

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
    def _index(self) -> Index:
        return Index.of(self.examples)

    @cached_property
    def _train_index(self) -> Index:
        return self._index.only(self._index.train)

    @cached_property
    def _shards(self) -> list[list[list[int]]]:
        """Return the numbers of the shards that each file's rows lie in, of each member.

        Raises:
            SoftLabelError: some shard is of another example, or some training example has fewer
                soft labels than another.
        """
        found: list[list[list[int]]] = [[] for _ in range(self._files)]
        if self.labels is None:
            return found
        for member in self.labels.members:
            times = np.zeros(len(self._index.ids), dtype=np.int64)
            for of_file in found:
                of_file.append([])
            for number, ids in enumerate(self.labels.example_ids_by_shard(member)):
                at = self._index.require(ids)
                times += np.bincount(at, minlength=len(times))
                for file in np.unique(self._index.files[at]):
                    found[file][member].append(number)
            self._train_index.require_equal(times[self._index.train])
        return found

    def _blocks(self, fit: Fit) -> Blocks:
        train = self._train_index
        kept = taken(fit, train.keys, train.labels)
        sizes = np.bincount(train.files[kept], minlength=self._files)
        used = np.flatnonzero(sizes)
        reader = Reader(
            fit,
            tuple(self.examples.parts[file] for file in used),
            self.encoder,
            self._folder,
            # Here and once: else each loading process would scan them anew.
            tuple(self._shards[file] for file in used),
        )
        return Blocks(tuple(sizes[used].tolist()), reader, self._at_once)


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
