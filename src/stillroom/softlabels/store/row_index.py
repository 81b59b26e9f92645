"""The index: which shard of a capture's store holds a row, whatever block it was asked for in.

    row key ──64 bits of its hash──> sorted runs in memory ──> Place(shard, row)

16 bytes a row, read from the shards when a block is first missing; equal inputs of different
blocks are found through it, so that a teacher is asked once.
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
class Place:
    """Where a row lies: the number of its shard in the index, and its row there."""

    shard: int
    row: int


@dataclass(frozen=True, slots=True)
class _Run:
    hashes: NDArray[np.uint64]  # sorted
    places: NDArray[np.uint64]  # shard << 32 | row


class RowIndex:
    """Finds rows in the store of one capture."""

    def __init__(self, kept: CaptureStore, layout: Layout) -> None:
        """Index nothing yet; the first miss reads what the store holds by then."""
        self.kept, self.layout = kept, layout
        self.shards: list[Shard] = []
        self._runs: list[_Run] = []
        self._known: set[str] = set()
        self._is_read = False

    def find(self, keys: Sequence[RowKey]) -> list[Place | None]:
        """Return where each row may lie; a hash may deceive, so what is read is compared."""
        if not self._is_read:
            self._read_store()
        hashes = _hashes(keys)
        found = np.full(len(keys), np.iinfo(np.uint64).max, dtype=np.uint64)
        for run in self._runs:
            at = np.searchsorted(run.hashes, hashes).clip(max=len(run.hashes) - 1)
            hit = run.hashes[at] == hashes
            found[hit] = run.places[at[hit]]
        missing = np.iinfo(np.uint64).max
        return [
            None if place == missing else Place(place >> 32, place & 0xFFFFFFFF)
            for place in map(int, found)
        ]

    def rows(self, places: Sequence[Place]) -> pa.Table | None:
        """Return the rows at some places that can be read whole, in any order; None if none can."""
        by_shard: dict[int, list[int]] = {}
        for place in places:
            by_shard.setdefault(place.shard, []).append(place.row)
        tables = []
        for number, rows in by_shard.items():
            table = self._table(self.shards[number])
            if table is not None:
                tables.append(table.take(pa.array(rows)))
        return pa.concat_tables(tables) if tables else None

    def add(self, shard: Shard, table: pa.Table) -> None:
        """Index the rows of a shard."""
        if shard.name in self._known:
            return
        self._known.add(shard.name)
        hashes = _hashes(row_keys(table))
        order = np.argsort(hashes, kind="stable")
        number = np.uint64(len(self.shards) << 32)
        self.shards.append(shard)
        self._runs.append(_Run(hashes[order], number | order.astype(np.uint64)))
        # Equal sizes merge, so there are few runs, and a row is merged a few times.
        while len(self._runs) > 1 and len(self._runs[-2].hashes) <= 2 * len(self._runs[-1].hashes):
            self._runs.append(_merged(self._runs.pop(), self._runs.pop()))

    def _read_store(self) -> None:
        self._is_read = True
        for shard in self.kept.shards().values():
            table = self._table(shard)
            if table is not None:
                self.add(shard, table)

    def _table(self, shard: Shard) -> pa.Table | None:
        content = self.kept.read(shard)
        if content is None:
            return None
        try:
            table = from_bytes(content, shard, self.layout)
        except SoftLabelError:
            return None
        teacher = self.kept.capture.fingerprint[:TEACHER_DIGITS]
        return table if table["teacher"].unique().to_pylist() == [teacher] else None


def _merged(first: _Run, second: _Run) -> _Run:
    hashes = np.concatenate([first.hashes, second.hashes])
    order = np.argsort(hashes, kind="stable")
    return _Run(hashes[order], np.concatenate([first.places, second.places])[order])


def _hashes(keys: Sequence[RowKey]) -> NDArray[np.uint64]:
    digests = b"".join(
        hashlib.blake2b(
            key + draw.to_bytes(2, "little") + str(label).encode(), digest_size=8
        ).digest()
        for key, draw, label in keys
    )
    return np.frombuffer(digests, dtype="<u8")
