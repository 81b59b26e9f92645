"""A soft-label set for programs: the folder of a set in, the teachers' distributions by key out.

    open(folder) ──> OpenedSet ──read(example ids)──> RowDistributions at each temperature
                              └─rows(temperature)──> the same row by row, in the order of the set
                              └─table()──> polars.DataFrame of the keys

It needs numpy, pyarrow, polars and pydantic. `docs/library.md` shows it in a training loop.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.softlabels.columns.distributions import (
    DenseDistributions,
    Distributions,
    Doubles,
    Integers,
    SparseDistributions,
)
from stillroom.softlabels.format.pooled_features import RowFeatures
from stillroom.softlabels.reading.label_set import SoftLabelSet
from stillroom.softlabels.reading.member_rows import RowName
from stillroom.softlabels.reading.set_summary import Plain, summary

KEYS = ("example_id", "view", "draw", "label")


@dataclass(frozen=True, slots=True)
class RowDistributions:
    """The ensemble's distributions of some rows.

    A row of classes has one position; a sequence of L tokens has L - 1. Positions stand one row
    after the other: P in total.

    Attributes:
        names: (example_id, view, draw) of each row.
        lengths: [rows], how many positions each row has.
        by_temperature: at each temperature, the distributions of the P positions. Each has `ids`
            and `weights` of its entries, and `owners`, the position of each entry.
        is_unbiased: whether weights are unbiased estimates of the probabilities, from a set of
            `sample`, `threshold` or `threshold_fixed`.
    """

    names: Sequence[RowName]
    lengths: Integers
    by_temperature: Mapping[float, Distributions]
    is_unbiased: bool

    def probabilities(self, temperature: float | None = None) -> Doubles:
        """Return the probabilities [P, C], 0 for a class that is not stored.

        Args:
            temperature: one that was read; None if only one was.
        """
        return self._at(temperature).dense()

    def log_probabilities(self, temperature: float | None = None) -> Doubles:
        """Return their logarithms [P, C] in nats, -inf for a class that is not stored."""
        return self._at(temperature).log_dense()

    def _at(self, temperature: float | None) -> Distributions:
        if temperature is None and len(self.by_temperature) == 1:
            return next(iter(self.by_temperature.values()))
        if temperature is None or temperature not in self.by_temperature:
            read = ", ".join(f"{t:g}" for t in self.by_temperature)
            raise ValueError(
                f"temperature is {temperature}, but the rows were read at {read}. Name one of "
                "these, or read the rows at the temperature that you need."
            )
        return self.by_temperature[temperature]


class OpenedSet:
    """A soft-label set on disk. Each shard is checked against its SHA-256 before it is parsed."""

    def __init__(self, labels: SoftLabelSet) -> None:
        """Hold a set; no shard is read yet."""
        self._labels = labels

    def __len__(self) -> int:
        """Return the number of rows: examples times views times draws."""
        return self._labels.manifest.rows

    @property
    def folder(self) -> Path:
        """The folder of the set."""
        return self._labels.folder

    @property
    def classes(self) -> int:
        """C, the number of classes or tokens."""
        return self._labels.manifest.classes

    @property
    def class_names(self) -> tuple[str, ...] | None:
        """The names of the classes in the order of their ids; None for a vocabulary of tokens."""
        return self._labels.manifest.class_names

    @property
    def is_unbiased(self) -> bool:
        """Whether weights are unbiased estimates, which a loss must treat as such."""
        return self._labels.is_unbiased

    def require_examples(self, digest: str) -> None:
        """Refuse a set that was captured for other examples, labels or splits.

        Args:
            digest: of the examples, from `stillroom.data.example_digest`; a set of a format
                before 5 has none to compare with.

        Raises:
            SoftLabelError: says what to do.
        """
        self._labels.require_examples(digest)

    def summary(self) -> dict[str, Plain]:
        """Return the facts of the manifest: fingerprint, teachers, rows, sparsifier, bias, bytes.

        Nothing else is read.
        """
        return summary(self._labels)

    def table(self) -> pl.DataFrame:
        """Return one line per row of the set: example_id (16 bytes), view, draw and label.

        `label` is null where the row has no hard label, and in sets of `full`. Join this table
        with a table of your own by example_id.

        Raises:
            SoftLabelError: a shard is missing or damaged.
        """
        tables = [table for _, table in self._labels.tables(0, KEYS)]
        return pl.DataFrame(pl.from_arrow(pa.concat_tables(tables)))

    def read(
        self, rows: Sequence[bytes | RowName], temperature: float | Sequence[float] = 1.0
    ) -> RowDistributions:
        """Return the ensemble's distributions of some rows, in their order.

        The first call reads the whole set into memory.

        Args:
            rows: the example ids, 16 bytes each, for the plain view in its first draw; or
                (example_id, view, draw) for others. Each row may be named once.
            temperature: T > 0 in the units of a logit, or several.

        Raises:
            SoftLabelError: a row has no soft label or is named twice, or the set holds no labels
                at a temperature; the message names those that it holds.
        """
        names = [(row, 0, 0) if isinstance(row, bytes) else row for row in rows]
        return _read(self._labels, names, temperature)

    def rows(self, temperature: float | Sequence[float] = 1.0) -> Iterator[RowDistributions]:
        """Yield each row of the set by itself, in the order of the set.

        Of a set with one member, one shard is in memory at a time.

        Raises:
            SoftLabelError: see `read`.
        """
        for part in _parts(self._labels):
            yield from _split(_read(part, part.names(), temperature))

    def features(self, rows: Sequence[bytes | RowName]) -> NDArray[np.float32]:
        """Return the teachers' pooled features of some rows side by side, [rows, D].

        Sequences have a vector for each of their P pieces: [P, D], row after row. `pieces` says how
        many each row has.

        Raises:
            SoftLabelError: a row has no soft label, or the set holds no features.
        """
        return self._features(rows).vectors.astype(np.float32)

    def pieces(self, rows: Sequence[bytes | RowName]) -> NDArray[np.int64]:
        """Return how many vectors of pooled features each row has, [rows].

        Raises:
            SoftLabelError: a row has no soft label, or the set holds no features.
        """
        return self._features(rows).counts

    def _features(self, rows: Sequence[bytes | RowName]) -> RowFeatures:
        names = [(row, 0, 0) if isinstance(row, bytes) else row for row in rows]
        return self._labels.features(names)


def open(folder: str | PathLike[str]) -> OpenedSet:
    """Open the soft-label set in a folder, such as `data/04_soft_labels`.

    >>> labels = open(folder)
    >>> len(labels), labels.classes, labels.class_names
    (25, 4, ('a', 'b', 'c', 'd'))
    >>> labels.summary()["sparsifier"]
    'full'

    Rows are named by the ids of their examples, and come in the order in which you name them.

    >>> ids = labels.table()["example_id"].to_list()
    >>> batch = labels.read([ids[7], ids[2]], temperature=4.0)
    >>> batch.probabilities().shape
    (2, 4)
    >>> batch.probabilities().sum(axis=1).round(6).tolist()
    [1.0, 1.0]

    The whole set, row by row:

    >>> sum(len(row.lengths) for row in labels.rows())
    25

    Args:
        folder: the folder with `manifest.json`.

    Raises:
        SoftLabelError: there is no set, or its manifest is damaged.
    """
    return OpenedSet(SoftLabelSet(Path(folder)))


def _read(
    labels: SoftLabelSet, names: Sequence[RowName], temperature: float | Sequence[float]
) -> RowDistributions:
    several = temperature if isinstance(temperature, Sequence) else [temperature]
    return RowDistributions(
        names,
        labels.positions(names),
        {float(t): labels.distributions(names, float(t)) for t in several},
        labels.is_unbiased,
    )


def _parts(labels: SoftLabelSet) -> Iterator[SoftLabelSet]:
    """Yield the set shard by shard; as a whole if its members' shards are cut at other rows."""
    cuts = [[shard.rows for shard in member.shards] for member in labels.manifest.members]
    if any(cut != cuts[0] for cut in cuts):
        yield labels
        return
    for number in range(len(cuts[0])):
        yield labels.of_shards([[number]] * len(cuts))


def _split(rows: RowDistributions) -> Iterator[RowDistributions]:
    """Yield the distributions of each row by itself."""
    bounds = np.concatenate([[0], np.cumsum(rows.lengths)])
    cut = {t: _cut(several, bounds) for t, several in rows.by_temperature.items()}
    for row, name in enumerate(rows.names):
        own = {t: pieces[row] for t, pieces in cut.items()}
        yield RowDistributions([name], rows.lengths[row : row + 1], own, rows.is_unbiased)


def _cut(several: Distributions, bounds: Integers) -> list[Distributions]:
    """Cut distributions at bounds [n + 1] into n parts; in each, owners start at 0."""
    spans = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    if isinstance(several, DenseDistributions):
        return [DenseDistributions(several.log_p[first:last]) for first, last in spans]
    order = np.argsort(several.owners, kind="stable")
    owners, ids, weights = several.owners[order], several.ids[order], several.weights[order]
    entries = np.searchsorted(owners, bounds).tolist()
    return [
        SparseDistributions(
            owners[a:b] - first, ids[a:b], weights[a:b], last - first, several.classes
        )
        for (first, last), a, b in zip(spans, entries[:-1], entries[1:], strict=True)
    ]
