"""Transcode: rows of a richer capture in, rows of a poorer one out, byte-identical to a capture.

    full  ──its logits──> any sparsifier
    topk  ──its k' largest, some of its temperatures──> topk with a smaller k

So no teacher runs for a smaller top-k, or for another sparsifier after a capture of `full`.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.softlabels.capture.sparsify_rows import sparsify_rows
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


class Transcoder:
    """Computes rows from other captures of the same teacher, so that the teacher need not run."""

    def __init__(self, capture: Capture, layout: Layout, store: Store) -> None:
        """Find the captures that only have a richer sparsifier, the richest first."""
        self.capture, self.layout = capture, layout
        richer = [
            stored.capture
            for _, stored in store.captures()
            if stored.codec == CODEC
            and replace(stored.capture, sparsifier=capture.sparsifier, seed=capture.seed) == capture
            and _is_richer(stored.capture.sparsifier, capture.sparsifier)
        ]
        self.sources = [
            RowIndex(
                store.of(other, CODEC), Layout(other.sparsifier, layout.classes, other.features)
            )
            for other in sorted(richer, key=_poverty)
        ]

    def rows(self, rows: Sequence[Row]) -> pa.Table | None:
        """Return the rows that can be computed, in any order, or None."""
        tables, missing = [], list(rows)
        for source in self.sources:
            table = self._from(source, missing)
            if table is not None:
                tables.append(table)
                done = set(row_keys(table))
                missing = [row for row in missing if row.key not in done]
        return pa.concat_tables(tables) if tables else None

    def _from(self, source: RowIndex, rows: Sequence[Row]) -> pa.Table | None:
        is_full = isinstance(source.layout.sparsifier, Full)
        # A row of `full` depends on no draw and on no label.
        keys = [(row.input_key, 0, None) if is_full else row.key for row in rows]
        places = [place for place in source.find(keys) if place is not None]
        table = source.rows(list(dict.fromkeys(places)))
        if table is None:
            return None
        numbers = {key: number for number, key in enumerate(row_keys(table))}
        pairs = [(row, numbers[key]) for row, key in zip(rows, keys, strict=True) if key in numbers]
        if not pairs:
            return None
        chosen, answers = [row for row, _ in pairs], [number for _, number in pairs]
        if is_full:
            return self._of_full(table, chosen, answers)
        return self._of_topk(table.take(pa.array(answers)).combine_chunks(), chosen, source.layout)

    def _of_full(self, table: pa.Table, rows: Sequence[Row], answers: Sequence[int]) -> pa.Table:
        logits = flat(table, "logits")
        positions = logits.lengths // self.layout.classes
        inside = np.arange(positions.max()) < positions[:, None]
        dense = np.zeros((*inside.shape, self.layout.classes), np.float32)
        dense[inside] = logits.values.reshape(-1, self.layout.classes)
        entries = sparsify_rows(dense, answers, rows, self.capture)
        halves = self._features(table)
        features = None if halves is None else halves[list(answers)]
        return encode_rows(rows, entries, self.capture, self.layout, features)

    def _of_topk(self, table: pa.Table, rows: Sequence[Row], layout: Layout) -> pa.Table:
        poor, rich = self.capture.sparsifier, layout.sparsifier
        if not (isinstance(poor, TopK) and isinstance(rich, TopK)):
            raise TypeError(f"{poor.kind} cannot be computed from {rich.kind}.")
        columns = [rich.temperatures.index(t) for t in poor.temperatures]
        log_z = flat(table, "log_z").values.reshape(-1, len(rich.temperatures))[:, columns]
        owners, ids, logits = _coordinates(table)
        chosen = _largest(owners, ids, logits, poor.k)
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


def _is_richer(rich: Sparsifier, poor: Sparsifier) -> bool:
    """Return whether everything that `poor` keeps can be computed from what `rich` keeps."""
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
    """Return the base of which the exponentials at each temperature are powers.

    Exponentials of another base differ in their last bits. The key 0 holds the base of entropy and
    log p.
    """
    of_temperature = bases(kind.temperatures)
    return {**of_temperature, 0.0: of_temperature[1.0] if min(of_temperature) == 1 else 1.0}


def _poverty(capture: Capture) -> int:
    return -capture.sparsifier.k if isinstance(capture.sparsifier, TopK) else -(1 << 62)


def _coordinates(
    table: pa.Table,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return owner, id and logit of each entry; an owner is a position, counted over all rows."""
    ids, places = flat(table, "ids"), flat(table, "positions")
    rows = np.repeat(np.arange(len(ids.bounds) - 1), ids.lengths)
    owners = places.values.astype(np.int64) + flat(table, "entropy").bounds[rows]
    return owners, ids.values.astype(np.int64), flat(table, "logits").values.astype(np.float32)


def _largest(
    owners: NDArray[np.int64], ids: NDArray[np.int64], logits: NDArray[np.float32], k: int
) -> NDArray[np.int64]:
    """Return the k largest entries of each owner, by owner and ascending id."""
    order = np.lexsort((ids, -logits, owners))
    counts = np.bincount(owners)
    starts = np.cumsum(counts) - counts
    rank = np.arange(len(order)) - starts[owners[order]]
    kept = np.zeros(len(order), dtype=bool)
    kept[order[rank < k]] = True
    by_id = np.lexsort((ids, owners))
    return np.asarray(by_id[kept[by_id]])
