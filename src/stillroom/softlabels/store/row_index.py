"""Row index: finds the shard that holds a row in the store of a capture.

    row key ──64 bits of its hash──> sorted runs in memory ──> RowLocation(shard, row)

The index takes 16 bytes per row. It is read from the shards when a chunk is missing for the first
time. It finds equal inputs in different chunks, so each of them is captured only once.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import TEACHER_DIGITS, row_keys
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.row import RowKey
from stillroom.softlabels.format.shard import from_bytes
from stillroom.softlabels.store.store import CaptureStore


@dataclass(frozen=True, slots=True)
class RowLocation:
    """The location of a row: the number of its shard in the index, and its row in the shard."""

    shard: int
    row: int


@dataclass(frozen=True, slots=True)
class _Run:
    hashes: NDArray[np.uint64]  # sorted
    locations: NDArray[np.uint64]  # shard << 32 | row


class RowIndex:
    """Finds rows in the store of one capture."""

    def __init__(self, store: CaptureStore, layout: Layout) -> None:
        """Create an empty index; the first call of `find` reads the shards of the store."""
        self.store, self.layout = store, layout
        self.shards: list[Shard] = []
        self._runs: list[_Run] = []
        self._indexed: set[str] = set()
        self._is_read = False

    def find(self, keys: Sequence[RowKey]) -> list[RowLocation | None]:
        """Return the likely location of each row, or None.

        Two keys may have the same hash, so the caller compares the keys of the rows that it reads.
        """
        if not self._is_read:
            self._read_store()
        hashes = _hashes(keys)
        missing = np.iinfo(np.uint64).max
        locations = np.full(len(keys), missing, dtype=np.uint64)
        for run in self._runs:
            at = np.searchsorted(run.hashes, hashes).clip(max=len(run.hashes) - 1)
            hit = run.hashes[at] == hashes
            locations[hit] = run.locations[at[hit]]
        return [
            None if location == missing else RowLocation(location >> 32, location & 0xFFFFFFFF)
            for location in map(int, locations)
        ]

    def rows(self, locations: Sequence[RowLocation]) -> pa.Table | None:
        """Return the rows at some locations, in any order, without those of unreadable shards.

        None if no row can be read.
        """
        by_shard: dict[int, list[int]] = {}
        for location in locations:
            by_shard.setdefault(location.shard, []).append(location.row)
        tables = []
        for number, rows in by_shard.items():
            table = self._table(self.shards[number])
            if table is not None:
                tables.append(table.take(pa.array(rows)))
        return pa.concat_tables(tables) if tables else None

    def add(self, shard: Shard, table: pa.Table) -> None:
        """Index the rows of a shard."""
        if shard.name in self._indexed:
            return
        self._indexed.add(shard.name)
        hashes = _hashes(row_keys(table))
        order = np.argsort(hashes, kind="stable")
        number = np.uint64(len(self.shards) << 32)
        self.shards.append(shard)
        self._runs.append(_Run(hashes[order], number | order.astype(np.uint64)))
        # Runs of similar size merge. So there are few runs, and each row is merged a few times.
        while len(self._runs) > 1 and len(self._runs[-2].hashes) <= 2 * len(self._runs[-1].hashes):
            self._runs.append(_merge(self._runs.pop(), self._runs.pop()))

    def _read_store(self) -> None:
        self._is_read = True
        for shard in self.store.shards().values():
            table = self._table(shard)
            if table is not None:
                self.add(shard, table)

    def _table(self, shard: Shard) -> pa.Table | None:
        content = self.store.read(shard)
        if content is None:
            return None
        try:
            table = from_bytes(content, shard, self.layout)
        except SoftLabelError:
            return None
        teacher = self.store.capture.fingerprint[:TEACHER_DIGITS]
        return table if table["teacher"].unique().to_pylist() == [teacher] else None


def _merge(first: _Run, second: _Run) -> _Run:
    hashes = np.concatenate([first.hashes, second.hashes])
    order = np.argsort(hashes, kind="stable")
    return _Run(hashes[order], np.concatenate([first.locations, second.locations])[order])


def _hashes(keys: Sequence[RowKey]) -> NDArray[np.uint64]:
    digests = b"".join(
        hashlib.blake2b(
            key + draw.to_bytes(2, "little") + str(label).encode(), digest_size=8
        ).digest()
        for key, draw, label in keys
    )
    return np.frombuffer(digests, dtype="<u8")
