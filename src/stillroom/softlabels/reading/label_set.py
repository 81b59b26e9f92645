"""A soft-label set on disk: names of rows and a temperature in, the ensemble's distributions out.

    folder ──manifest──> SoftLabelSet
    (example_id, view, draw), …, T ──distributions──> Distributions over their positions

Rows are joined by key, never by position. A key that is missing is an error. Each shard is hashed
before it is parsed.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.columns.distributions import Distributions, Integers
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.ensemble_combination import Combination, require_combinable
from stillroom.softlabels.format.fingerprint import RERUN
from stillroom.softlabels.format.manifest import SHARDS, Manifest, Shard, read_manifest
from stillroom.softlabels.format.pooled_features import (
    COLUMN,
    NONE,
    OF_PIECES,
    PIECES,
    RowFeatures,
    features_of,
)
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.reading.ensemble_mean import ensemble_mean
from stillroom.softlabels.reading.member_rows import MemberRows, RowName, example_ids_of
from stillroom.softlabels.reading.shard_files import ShardFiles, ShardPath
from stillroom.softlabels.sparsify.content import Content


class SoftLabelSet:
    """A set on disk. Opening it reads the manifest; shards are read when they are needed."""

    def __init__(self, folder: Path, path: ShardPath | None = None) -> None:
        """Open the set in `folder`.

        Args:
            folder: the folder of its manifest.
            path: returns the path of a member's shard; None if the shards are below `folder`.

        Raises:
            SoftLabelError: the manifest is missing or malformed, or was written by another codec.
        """
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        if self.manifest.codec != CODEC:
            raise SoftLabelError(
                f"{folder} was encoded by {self.manifest.codec}, and this version reads {CODEC}. "
                f"{RERUN}"
            )
        sparsifiers = [capture.sparsifier for capture in self.manifest.captures]
        require_combinable(sparsifiers, self.manifest.combination)
        below = path or (lambda _, shard: folder / SHARDS / shard.name)
        self._files = ShardFiles(self.manifest, below)
        self._loaded: dict[int, MemberRows] = {}

    @property
    def members(self) -> range:
        """The numbers of the members."""
        return range(len(self.manifest.members))

    @property
    def is_whole(self) -> bool:
        """Whether every logit is stored, so that any temperature is exact."""
        return all(c.sparsifier.content is Content.WHOLE for c in self.manifest.captures)

    @property
    def is_unbiased(self) -> bool:
        """Whether the probabilities of some member are unbiased estimates."""
        return any(c.sparsifier.content is Content.ESTIMATE for c in self.manifest.captures)

    @property
    def ensemble(self) -> Combination:
        """How the teachers are combined, at capture or when the set is read."""
        return self.manifest.captures[0].ensemble or self.manifest.combination

    def require(self, classes: Sequence[str], weights: Sequence[str]) -> None:
        """Refuse a set that belongs to other classes or other teachers.

        Args:
            classes: the names of the examples' classes, in the order of the labels.
            weights: the SHA-256 of each teacher's weights, in order.

        Raises:
            SoftLabelError: shows both sides and what to do.
        """
        names = self.manifest.class_names or ()
        if list(classes) != list(names):
            raise SoftLabelError(
                f"soft labels have the classes {_few(names)}, and the examples have "
                f"{_few(classes)}. {RERUN}"
            )
        teachers = [one for capture in self.manifest.captures for one in capture.teachers]
        if teachers != list(weights):
            raise SoftLabelError(
                f"soft labels were captured from the teachers {_few([w[:12] for w in teachers])}, "
                f"and the project has {_few([w[:12] for w in weights])}. {RERUN}"
            )

    def require_examples(self, digest: str) -> None:
        """Refuse a set that was captured for other examples, labels or splits.

        Args:
            digest: of the examples; a set of a format before 5 has none to compare with.

        Raises:
            SoftLabelError: says what to do.
        """
        captured = self.manifest.examples
        if captured not in (None, digest):
            raise SoftLabelError(
                f"these soft labels were captured for other examples, labels or splits (digest "
                f"{captured[:12]}) than those of data/02_examples (digest {digest[:12]}). If the "
                "examples are right, run `kedro run --pipeline=capture`: the teachers run only for "
                "new inputs. If they are not, run `kedro run --pipeline=ingest` first."
            )

    def require_intact(self) -> None:
        """Read every shard.

        Raises:
            SoftLabelError: names the first shard that differs from the manifest.
        """
        for member in self.members:
            for _ in self.tables(member):
                pass

    def layout(self, member: int) -> Layout:
        """Return the columns of a member's shards."""
        return self._files.layout(member)

    def path(self, member: int, shard: Shard) -> Path:
        """Return the path of a member's shard."""
        return self._files.path(member, shard)

    def shard_table(self, member: int, shard: Shard) -> pa.Table:
        """Return the rows of one shard, after the checks of `ShardFiles.table`."""
        return self._files.table(member, shard)

    def tables(
        self, member: int, columns: Sequence[str] | None = None
    ) -> Iterator[tuple[Shard, pa.Table]]:
        """Yield each shard of a member with its rows, in the order of the manifest.

        Args:
            member: the member's number.
            columns: the columns to return; None for all.
        """
        return self._files.tables(member, columns)

    def distributions(self, names: Sequence[RowName], temperature: float) -> Distributions:
        """Return the ensemble's distributions at all positions of some rows, in their order.

        Args:
            names: example_id, view and draw of each row.
            temperature: in the units of a logit.

        Raises:
            SoftLabelError: a row has no soft label or is named twice, or the set has no labels at
                that temperature.
        """
        _require_distinct(names)
        parts = [self._rows(member).distributions(names, temperature) for member in self.members]
        return ensemble_mean(parts, self.manifest.combination)

    def plain(self, example_ids: Sequence[bytes], temperature: float) -> Distributions:
        """Return the distributions of the plain views of examples, in their first draw."""
        return self.distributions([(key, 0, 0) for key in example_ids], temperature)

    def positions(self, names: Sequence[RowName]) -> Integers:
        """Return how many positions each row has.

        Raises:
            SoftLabelError: a row has no soft label.
        """
        return self._rows(0).lengths(names)

    def features(self, names: Sequence[RowName]) -> RowFeatures:
        """Return the members' pooled features side by side.

        Raises:
            SoftLabelError: a row is missing, or the set has no features.
        """
        if not self._has_features:
            raise SoftLabelError(
                "these soft labels have no features. Set softlabels.features=pooled and run "
                "`kedro run --pipeline=capture`."
            )
        of_members = [self._rows(member).features(names) for member in self.members]
        counts = of_members[0].counts
        if any(not np.array_equal(one.counts, counts) for one in of_members):
            raise SoftLabelError(
                f"the teachers' features belong to different numbers of pieces in a row. {RERUN}"
            )
        return RowFeatures(np.concatenate([one.vectors for one in of_members], axis=1), counts)

    @property
    def feature_width(self) -> int:
        """How many features a row or a piece has, over all members; 0 if the set has none."""
        if not self._has_features:
            return 0
        width = 0
        for number, member in enumerate(self.manifest.members):
            kept = self.manifest.captures[number].features
            columns = [COLUMN, PIECES] if kept == OF_PIECES else [COLUMN]
            table = self._files.table(number, member.shards[0], columns)
            width += features_of(table.slice(0, 1), kept).vectors.shape[1]
        return width

    @property
    def captured_inputs(self) -> int:
        """How many inputs each teacher ran on; several draws from one answer count once.

        Raises:
            SoftLabelError: a shard is missing or damaged.
        """
        names = ["example_id", "view"]
        if 0 in self._loaded:  # its bytes were hashed when they were loaded
            tables = [self._loaded[0].decoded.table.select(names)]
        else:
            tables = [table for _, table in self._files.tables(0, names)]
        return int(pa.concat_tables(tables).group_by(names).aggregate([]).num_rows)

    def variants(self, example_id: bytes) -> list[tuple[int, int]]:
        """Return the views and draws of an example, in order."""
        names = self._rows(0).index
        return sorted((view, draw) for key, view, draw in names if key == example_id)

    def names(self) -> list[RowName]:
        """Return example_id, view and draw of each row, in the order of the set."""
        return list(self._rows(0).index)

    def example_ids(self, member: int) -> NDArray[np.bytes_]:
        """Return the example id of each row, 16 bytes."""
        return self._rows(member).example_ids

    def example_ids_by_shard(self, member: int) -> Iterator[NDArray[np.bytes_]]:
        """Yield the same ids, shard by shard, with one shard in memory at a time."""
        for _, table in self._files.tables(member, ["example_id"]):
            yield example_ids_of(table)

    def of_shards(self, numbers: Sequence[Sequence[int]]) -> "SoftLabelSet":
        """Return a set that consists of some shards of this one.

        Args:
            numbers: for each member, the numbers of its shards, from 0.
        """
        members = tuple(
            replace(member, shards=tuple(member.shards[number] for number in chosen))
            for member, chosen in zip(self.manifest.members, numbers, strict=True)
        )
        subset = copy(self)
        subset.manifest = replace(self.manifest, members=members)
        subset._files = ShardFiles(subset.manifest, self._files.path)
        subset._loaded = {}
        return subset

    @property
    def _has_features(self) -> bool:
        return all(capture.features != NONE for capture in self.manifest.captures)

    def _rows(self, member: int) -> MemberRows:
        if member not in self._loaded:
            tables = [table for _, table in self.tables(member)]
            table = pa.concat_tables(tables).combine_chunks()
            self._loaded[member] = MemberRows(member, Decoded(table, self.layout(member)))
        return self._loaded[member]


def _require_distinct(names: Sequence[RowName]) -> None:
    seen: set[RowName] = set()
    for name in names:
        if name in seen:
            key, view, draw = name
            raise SoftLabelError(
                f"example {key.hex()}, view {view}, draw {draw} is named twice in one call. "
                "Name each row once, and repeat the rows of the result."
            )
        seen.add(name)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
