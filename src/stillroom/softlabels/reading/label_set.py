"""A soft-label set on disk: names of rows and a temperature in, the ensemble's distributions out.

    folder ──manifest, shards checked by hash──> SoftLabelSet
    (example_id, view, draw), …, T ──distributions──> Distributions over their positions

Rows are found by key, never by position; a key that is missing is an error.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.combination import Combination, require_combinable
from stillroom.softlabels.format.decode import Decoded
from stillroom.softlabels.format.distributions import Distributions, Integers
from stillroom.softlabels.format.encode import TEACHER_DIGITS
from stillroom.softlabels.format.fingerprint import AGAIN
from stillroom.softlabels.format.manifest import SHARDS, Manifest, Shard, read_manifest, read_shard
from stillroom.softlabels.format.pooled_features import Halves, features_of
from stillroom.softlabels.format.shard import CODEC, from_bytes
from stillroom.softlabels.reading.ensemble_mean import combined
from stillroom.softlabels.sparsify.sparsifiers import Full, Unbiased

RowName = tuple[bytes, int, int]
Locate = Callable[[int, Shard], Path]


class SoftLabelSet:
    """A committed set. Opening reads the manifest; the shards are read and checked when needed."""

    def __init__(self, folder: Path, locate: Locate | None = None) -> None:
        """Open the set in `folder`.

        Args:
            folder: where its manifest lies.
            locate: where a member's shard lies; below `folder` where it is not given.

        Raises:
            SoftLabelError: the manifest is missing or malformed, or of another codec.
        """
        self.folder = folder
        self.manifest: Manifest = read_manifest(folder)
        self._members: dict[int, _Member] = {}
        self._locate = locate or (lambda _, shard: folder / SHARDS / shard.name)
        if self.manifest.codec != CODEC:
            raise SoftLabelError(
                f"{folder} was encoded by {self.manifest.codec}, and {CODEC} is what is read here. "
                f"{AGAIN}"
            )
        require_combinable(
            [capture.sparsifier for capture in self.manifest.captures], self.manifest.combination
        )

    @property
    def members(self) -> range:
        """The members' numbers."""
        return range(len(self.manifest.members))

    def require(self, classes: Sequence[str], weights: Sequence[str]) -> None:
        """Refuse a set of other classes or other teachers than those at hand.

        Args:
            classes: the names of the classes, in the order of the labels.
            weights: the SHA-256 of each teacher's weights, in order.

        Raises:
            SoftLabelError: with what differs, and what to do.
        """
        names = self.manifest.class_names or ()
        if list(classes) != list(names):
            raise SoftLabelError(
                f"soft labels are of the classes {_few(names)}, and the examples of "
                f"{_few(classes)}. {AGAIN}"
            )
        made_by = [one for capture in self.manifest.captures for one in capture.teachers]
        if made_by != list(weights):
            raise SoftLabelError(
                f"soft labels were made by the teachers {_few([w[:12] for w in made_by])}, and "
                f"those at hand are {_few([w[:12] for w in weights])}. {AGAIN}"
            )

    def layout(self, member: int) -> Layout:
        """Return the columns of a member's shards."""
        capture = self.manifest.captures[member]
        return Layout(capture.sparsifier, self.manifest.classes, capture.features)

    def path(self, member: int, shard: Shard) -> Path:
        """Where a member's shard lies."""
        return self._locate(member, shard)

    def shard_table(self, member: int, shard: Shard) -> pa.Table:
        """Return the rows of one shard, once its bytes were found to be the manifest's.

        Raises:
            SoftLabelError: it is missing, damaged, has another number of rows, or is of another
                teacher than the member's.
        """
        path = self.path(member, shard)
        try:
            content = read_shard(path, shard)
        except OSError as error:
            raise SoftLabelError(f"shard {path} is missing ({error.strerror}). {AGAIN}") from error
        table = from_bytes(content, shard, self.layout(member))
        teacher = self.manifest.captures[member].fingerprint[:TEACHER_DIGITS]
        if table["teacher"].unique().to_pylist() != [teacher]:
            raise SoftLabelError(f"shard {shard.name} holds answers of another teacher. {AGAIN}")
        return table

    def tables(self, member: int) -> Iterator[tuple[Shard, pa.Table]]:
        """Yield each shard of a member with its rows, in the order of the manifest.

        Raises:
            SoftLabelError: as `shard_table`.
        """
        for shard in self.manifest.members[member].shards:
            yield shard, self.shard_table(member, shard)

    def distributions(self, names: Sequence[RowName], temperature: float) -> Distributions:
        """Return the ensemble's distributions for rows, all positions of each, in their order.

        Args:
            names: example_id, view and draw of each row.
            temperature: in the units of a logit.

        Raises:
            SoftLabelError: a row has no soft label or is named twice, or the labels cannot be had
                at that temperature.
        """
        _require_distinct(names)
        parts = [self._of_member(member, names, temperature) for member in self.members]
        return combined(parts, self.manifest.combination)

    def features(self, names: Sequence[RowName]) -> NDArray[np.float32]:
        """Return the members' pooled features side by side, [rows, D].

        Raises:
            SoftLabelError: a row is missing, or no features were kept.
        """
        if any(capture.features == "none" for capture in self.manifest.captures):
            raise SoftLabelError(
                "no features were kept with these soft labels. Set softlabels.features=pooled and "
                "run `kedro run --pipeline=capture`."
            )
        of_members = [self._member(m).features[self._rows(m, names)] for m in self.members]
        return np.concatenate(of_members, axis=1).astype(np.float32)

    @property
    def feature_width(self) -> int:
        """How many features a row has, over all members; 0 where none were kept."""
        if any(capture.features == "none" for capture in self.manifest.captures):
            return 0
        firsts = [self.shard_table(m, self.manifest.members[m].shards[0]) for m in self.members]
        return sum(features_of(table.slice(0, 1)).shape[1] for table in firsts)

    def plain(self, example_ids: Sequence[bytes], temperature: float) -> Distributions:
        """Return the distributions of examples' plain views, first draw."""
        return self.distributions([(key, 0, 0) for key in example_ids], temperature)

    @property
    def asked(self) -> int:
        """How many inputs each teacher answered; draws from one answer share it."""
        paths = [self.path(0, shard) for shard in self.manifest.members[0].shards]
        tables = [pq.read_table(path, columns=["example_id", "view"]) for path in paths]
        return int(pa.concat_tables(tables).group_by(["example_id", "view"]).aggregate([]).num_rows)

    @property
    def is_whole(self) -> bool:
        """Whether every logit is there, so that any temperature is exact."""
        return all(isinstance(c.sparsifier, Full) for c in self.manifest.captures)

    @property
    def is_unbiased(self) -> bool:
        """Whether some member's weights are estimates that are right on average."""
        return any(isinstance(c.sparsifier, Unbiased) for c in self.manifest.captures)

    @property
    def ensemble(self) -> Combination:
        """How the teachers become one, be it at capture or when read."""
        return self.manifest.captures[0].ensemble or self.manifest.combination

    def variants(self, example_id: bytes) -> list[tuple[int, int]]:
        """Return the views and draws that there are of an example, in order."""
        names = self._member(0).index
        return sorted((view, draw) for key, view, draw in names if key == example_id)

    def example_ids(self, member: int) -> NDArray[np.bytes_]:
        """Return the key of each row's example, 16 bytes."""
        return _example_ids(self._member(member).decoded.table)

    def example_ids_by_shard(self, member: int) -> Iterator[NDArray[np.bytes_]]:
        """Yield the same, shard by shard; each is read, checked and let go."""
        for _, table in self.tables(member):
            yield _example_ids(table)

    def of_shards(self, numbers: Sequence[Sequence[int]]) -> "SoftLabelSet":
        """Return the part of the set that lies in some shards, which can be read alone.

        Args:
            numbers: of each member, which of its shards, from 0.
        """
        members = tuple(
            replace(member, shards=tuple(member.shards[number] for number in wanted))
            for member, wanted in zip(self.manifest.members, numbers, strict=True)
        )
        part = copy(self)
        part.manifest = replace(self.manifest, members=members)
        part._members = {}
        return part

    def positions(self, names: Sequence[RowName]) -> Integers:
        """Return how many positions each row has.

        Raises:
            SoftLabelError: a row has no soft label.
        """
        lengths = np.diff(self._member(0).decoded.positions)
        return np.asarray(lengths[self._rows(0, names)])

    def _of_member(
        self, member: int, names: Sequence[RowName], temperature: float
    ) -> Distributions:
        read = self._member(member)
        bounds, rows = read.decoded.positions, self._rows(member, names)
        wanted = [np.arange(bounds[row], bounds[row + 1]) for row in rows]
        return read.at(temperature).take(np.concatenate(wanted or [np.empty(0, np.int64)]))

    def _rows(self, member: int, names: Sequence[RowName]) -> Integers:
        index = self._member(member).index
        missing = [name for name in names if name not in index]
        if missing:
            key, view, draw = missing[0]
            raise SoftLabelError(
                f"{len(missing)} of {len(names)} rows have no soft label, the first is example "
                f"{key.hex()}, view {view}, draw {draw}. Run "
                "`kedro run --pipeline=capture` for these examples."
            )
        return np.array([index[name] for name in names], dtype=np.int64)

    def _member(self, number: int) -> "_Member":
        if number not in self._members:
            tables = [table for _, table in self.tables(number)]
            whole = pa.concat_tables(tables).combine_chunks()
            self._members[number] = _Member(number, Decoded(whole, self.layout(number)))
        return self._members[number]


class _Member:
    """A member's rows, each view of them made once; all of it is let go with the set."""

    def __init__(self, number: int, decoded: Decoded) -> None:
        """Hold all its shards."""
        self.decoded = decoded
        self._number = number
        self._at: dict[float, Distributions] = {}

    @cached_property
    def index(self) -> dict[RowName, int]:
        """Where each row stands."""
        return _index(self.decoded.table, self._number)

    @cached_property
    def features(self) -> Halves:
        """The pooled features, [rows, D]."""
        return features_of(self.decoded.table)

    def at(self, temperature: float) -> Distributions:
        """Return the distributions of all rows at a temperature."""
        if temperature not in self._at:
            self._at[temperature] = self.decoded.distributions(temperature)
        return self._at[temperature]


def _index(table: pa.Table, member: int) -> dict[RowName, int]:
    columns = [table[name].to_pylist() for name in ("example_id", "view", "draw")]
    rows = {name: row for row, name in enumerate(zip(*columns, strict=True))}
    if len(rows) != table.num_rows:
        (name, _), *_ = Counter(zip(*columns, strict=True)).most_common(1)
        raise SoftLabelError(
            f"member {member}: a row stands there twice: example {name[0].hex()}, view {name[1]}, "
            f"draw {name[2]}. {AGAIN}"
        )
    return rows


def _example_ids(table: pa.Table) -> NDArray[np.bytes_]:
    return np.array(table["example_id"].to_pylist(), dtype="S16")


def _require_distinct(names: Sequence[RowName]) -> None:
    seen: set[RowName] = set()
    for name in names:
        if name in seen:
            key, view, draw = name
            raise SoftLabelError(
                f"example {key.hex()}, view {view}, draw {draw} is asked for twice at once. "
                "Ask for each row once, and repeat what comes back."
            )
        seen.add(name)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
