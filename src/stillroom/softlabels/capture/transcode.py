"""Transcode: rows of a richer capture in, rows of a poorer one out, byte-identical to a capture.

    full  ──its logits──> any sparsifier
    topk  ──its k' largest, some of its temperatures──> topk with a smaller k

So no teacher runs for a smaller top-k, or for another sparsifier after a capture of `full`.
"""

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from stillroom.softlabels.capture.sparsify_rows import sparsify_rows
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import encode_rows, row_keys
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.pooled_features import NONE, RowFeatures, features_of
from stillroom.softlabels.format.row import Row
from stillroom.softlabels.format.shard import CODEC
from stillroom.softlabels.sparsify.sparsifier import Sparsifier
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
            and stored.capture.sparsifier != capture.sparsifier
            and capture.sparsifier.is_part_of(stored.capture.sparsifier)
        ]
        self.sources = [
            RowIndex(
                store.of(other, CODEC), Layout(other.sparsifier, layout.classes, other.features)
            )
            for other in sorted(richer, key=lambda one: -one.sparsifier.richness)
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
        rich = source.layout.sparsifier
        # A row without labels depends on no draw either: every logit is in it.
        keys = [row.key if rich.stores_labels else (row.input_key, 0, None) for row in rows]
        places = [place for place in source.find(keys) if place is not None]
        table = source.rows(list(dict.fromkeys(places)))
        if table is None:
            return None
        numbers = {key: number for number, key in enumerate(row_keys(table))}
        pairs = [(row, numbers[key]) for row, key in zip(rows, keys, strict=True) if key in numbers]
        if not pairs:
            return None
        chosen, answers = [row for row, _ in pairs], [number for _, number in pairs]
        if rich.holds_logits:
            return self._of_logits(table, chosen, answers, rich)
        ordered = table.take(pa.array(answers)).combine_chunks()
        entries = self.capture.sparsifier.part_of(rich, ordered)
        return encode_rows(chosen, entries, self.capture, self.layout, self._features(ordered))

    def _of_logits(
        self, table: pa.Table, rows: Sequence[Row], answers: Sequence[int], rich: Sparsifier
    ) -> pa.Table:
        dense = rich.logits(table, self.layout.classes)
        entries = sparsify_rows(dense, answers, rows, self.capture)
        stored = self._features(table)
        features = None if stored is None else stored.rows(answers)
        return encode_rows(rows, entries, self.capture, self.layout, features)

    def _features(self, table: pa.Table) -> RowFeatures | None:
        kept = self.capture.features
        return None if kept == NONE else features_of(table, kept)
