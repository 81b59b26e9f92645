"""Derive: rows of a richer capture in, the rows that a poorer one would hold out, to the byte.

    full  ──the logits again──> any sparsifier
    topk  ──its k' largest, some of its temperatures──> topk with a smaller k

So a smaller top-k, or another sparsifier of a set that was kept whole, costs no teacher.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.softlabels.capture.sparsify_rows import sparse
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import encode_rows, row_keys
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.list_columns import flat
from stillroom.softlabels.format.pooled_features import Halves, features_of
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.entries import TopKEntries
from stillroom.softlabels.sparsify.shared_exponentials import bases
from stillroom.softlabels.sparsify.sparsifiers import Full, Sparsifier, TopK
from stillroom.softlabels.store.row_index import RowIndex
from stillroom.softlabels.store.store import Store


class Derived:
    """What other captures of the same teacher in a store can say in place of asking it."""

    def __init__(self, capture: Capture, layout: Layout, store: Store) -> None:
        """Look for captures that differ in nothing but a richer sparsifier, the richest first."""
        self.capture, self.layout = capture, layout
        richer = [
            kept.capture
            for _, kept in store.kept()
            if kept.codec == CODEC
            and replace(kept.capture, sparsifier=capture.sparsifier, seed=capture.seed) == capture
            and _holds(kept.capture.sparsifier, capture.sparsifier)
        ]
        self.sources = [
            RowIndex(
                store.of(other, CODEC), Layout(other.sparsifier, layout.classes, other.features)
            )
            for other in sorted(richer, key=_poverty)
        ]

    def rows(self, rows: Sequence[Row]) -> pa.Table | None:
        """Return those of the rows that can be derived, in any order; None where none can be."""
        tables, left = [], list(rows)
        for source in self.sources:
            table = self._from(source, left)
            if table is not None:
                tables.append(table)
                found = set(row_keys(table))
                left = [row for row in left if row.key not in found]
        return pa.concat_tables(tables) if tables else None

    def _from(self, source: RowIndex, rows: Sequence[Row]) -> pa.Table | None:
        whole = isinstance(source.layout.sparsifier, Full)
        # What is whole depends on no draw and on no label.
        keys = [(row.input_key, 0, None) if whole else row.key for row in rows]
        places = source.find(keys)
        found = dict.fromkeys(place for place in places if place is not None)
        table = source.rows(list(found))
        if table is None:
            return None
        at = {key: number for number, key in enumerate(row_keys(table))}
        pairs = [(row, at[key]) for row, key in zip(rows, keys, strict=True) if key in at]
        if not pairs:
            return None
        wanted, answers = [row for row, _ in pairs], [number for _, number in pairs]
        if whole:
            return self._of_whole(table, wanted, answers)
        return self._of_topk(table.take(pa.array(answers)).combine_chunks(), wanted, source.layout)

    def _of_whole(self, table: pa.Table, rows: Sequence[Row], answers: Sequence[int]) -> pa.Table:
        logits = flat(table, "logits")
        positions = logits.lengths // self.layout.classes
        held = np.arange(positions.max()) < positions[:, None]
        dense = np.zeros((*held.shape, self.layout.classes), np.float32)
        dense[held] = logits.values.reshape(-1, self.layout.classes)
        entries = sparse(dense, answers, rows, self.capture)
        kept = self._features(table)
        features = None if kept is None else kept[list(answers)]
        return encode_rows(rows, entries, self.capture, self.layout, features)

    def _of_topk(self, table: pa.Table, rows: Sequence[Row], layout: Layout) -> pa.Table:
        wanted, kept = self.capture.sparsifier, layout.sparsifier
        if not (isinstance(wanted, TopK) and isinstance(kept, TopK)):
            raise TypeError(f"{kept.kind} was taken for a richer {wanted.kind}")
        columns = [kept.temperatures.index(t) for t in wanted.temperatures]
        log_z = flat(table, "log_z").values.reshape(-1, len(kept.temperatures))[:, columns]
        owners, ids, logits = _coordinates(table)
        chosen = _largest(owners, ids, logits, wanted.k)
        entries = TopKEntries(
            counts=np.bincount(owners[chosen], minlength=len(log_z)),
            ids=ids[chosen].astype(np.uint32),
            logits=logits[chosen],
            log_z=log_z.astype(np.float32),
            entropy=flat(table, "entropy").values.astype(np.float32),
            log_p_label=flat(table, "log_p_label").values.astype(np.float32),
        )
        return encode_rows(rows, entries, self.capture, self.layout, self._features(table))

    def _features(self, table: pa.Table) -> Halves | None:
        return None if self.capture.features == "none" else features_of(table)


def _holds(rich: Sparsifier, poor: Sparsifier) -> bool:
    """Tell whether all that `poor` keeps can be computed from what `rich` keeps."""
    if rich == poor:
        return False
    if isinstance(rich, Full):
        return True
    return (
        isinstance(rich, TopK)
        and isinstance(poor, TopK)
        and rich.k >= poor.k
        and _exponentials(poor).items() <= _exponentials(rich).items()
    )


def _exponentials(kind: TopK) -> dict[float, float]:
    """Return what the exponentials at each temperature are powers of: others have other bits.

    Under 0: what entropy and log p are of.
    """
    found = bases(kind.temperatures)
    return {**found, 0.0: found[1.0] if min(found) == 1 else 1.0}


def _poverty(capture: Capture) -> int:
    return -capture.sparsifier.k if isinstance(capture.sparsifier, TopK) else -(1 << 62)


def _coordinates(
    table: pa.Table,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return owner, id and logit of each entry, the owners counting positions over all rows."""
    ids, places = flat(table, "ids"), flat(table, "positions")
    rows = np.repeat(np.arange(len(ids.bounds) - 1), ids.lengths)
    owners = places.values.astype(np.int64) + flat(table, "entropy").bounds[rows]
    return owners, ids.values.astype(np.int64), flat(table, "logits").values.astype(np.float32)


def _largest(
    owners: NDArray[np.int64], ids: NDArray[np.int64], logits: NDArray[np.float32], k: int
) -> NDArray[np.int64]:
    """Return which entries are the k largest of their owner, by owner and rising id."""
    order = np.lexsort((ids, -logits, owners))
    counts = np.bincount(owners)
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(order)) - starts[owners[order]]
    kept = np.zeros(len(order), dtype=bool)
    kept[order[rank < k]] = True
    by_id = np.lexsort((ids, owners))
    return np.asarray(by_id[kept[by_id]])
