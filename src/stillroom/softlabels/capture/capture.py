"""Capture of one teacher: its inputs in, committed shards out; rows of the store are not repeated.

    inputs ──chunks──> in the store? ── yes ─────────────────────────────────> Shard
                            └─ no: rows of other shards, or transcoded rows ┐
                                   rows that the teacher answers            ┴──> committed Shard

A chunk is one unit of work: a kill loses at most the chunk in flight. Memory holds one chunk's
inputs and answers, one shard that was read back, a batch's logits, and 16 bytes per row of the
store's index, regardless of the number of rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.no_label import NO_LABEL
from stillroom.softlabels.capture.chunks import CaptureInput, Chunk, chunks
from stillroom.softlabels.capture.promises import Promises
from stillroom.softlabels.capture.sparsify_rows import sparsify_rows
from stillroom.softlabels.capture.transcode import Transcoder
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import are_rows, encode_rows, row_keys
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.input_key import KEY_BYTES
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.pooled_features import RowFeatures, split
from stillroom.softlabels.format.shard import CODEC, from_bytes, to_bytes
from stillroom.softlabels.store.row_index import RowIndex
from stillroom.softlabels.store.store import CaptureStore, Store

Tick = Callable[[int], None]


class Member(Protocol):
    """A teacher with a fixed sparsifier."""

    @property
    def capture(self) -> Capture:
        """What its answers depend on: the ingredients of the fingerprint."""

    @property
    def classes(self) -> int:
        """How many classes, or tokens, an answer spans."""

    @property
    def promises(self) -> Promises:
        """What the teacher promises about a second capture."""

    def answer(self, inputs: NDArray[Any]) -> Iterable[Any]:
        """Yield logits [n, C] or [n, positions, C] for inputs [N, *shape], in order.

        The logits are tensors on any device, or numpy arrays. n may be smaller than the
        batch, but the teacher always runs at one shape. With features, it yields `WithFeatures`.
        """


@dataclass(slots=True)
class CaptureCounts:
    """Where the rows of a capture came from.

    Attributes:
        stored_whole: rows of whole shards that were in the store.
        stored_apart: rows that other shards of the store held, or that were transcoded.
        captured: inputs that the teacher ran on.
    """

    stored_whole: int = 0
    stored_apart: int = 0
    captured: int = 0

    def __str__(self) -> str:
        """Return the counts in one line."""
        return (
            f"{self.captured:,} rows captured; in the store were {self.stored_whole:,} in whole "
            f"shards and {self.stored_apart:,} in others"
        )


class MemberCapture:
    """Fills the store with the answers of one member."""

    def __init__(self, member: Member, store: Store, rows_per_shard: int) -> None:
        """Prepare; `shards` does the work."""
        self.member, self.rows_per_shard = member, rows_per_shard
        self.stored: CaptureStore = store.of(member.capture, CODEC)
        self.layout = layout_of(member.capture, member.classes)
        self.index = RowIndex(self.stored, self.layout)
        self.transcoder = Transcoder(member.capture, self.layout, store)
        self.counts = CaptureCounts()

    def shards(self, inputs: Iterable[CaptureInput], tick: Tick) -> Iterator[Shard]:
        """Yield the shard of each chunk of the inputs, in order, after it is committed.

        Args:
            inputs: in canonical order.
            tick: is called with the number of rows that are done.

        Raises:
            SoftLabelError: the teacher's answers cannot be used.
        """
        stores_labels = self.member.capture.sparsifier.stores_labels
        rows = inputs if stores_labels else map(_without_labels, inputs)
        for chunk in chunks(rows, self.rows_per_shard):
            yield self._stored_shard(chunk, tick) or self._new_shard(chunk, tick)

    def _stored_shard(self, chunk: Chunk, tick: Tick) -> Shard | None:
        key = chunk.key
        entry = self.stored.find(key)
        if entry is None:
            return None
        shard, content = entry
        if not self._is_of(chunk, shard, content):
            # The manifest names the shard of another chunk or of another teacher.
            self.stored.drop(key)
            return None
        self.counts.stored_whole += shard.rows
        tick(shard.rows)
        return shard

    def _is_of(self, chunk: Chunk, shard: Shard, content: bytes) -> bool:
        try:
            table = from_bytes(content, shard, self.layout)
        except SoftLabelError:
            return False
        return are_rows(table, chunk.rows, self.member.capture)

    def _new_shard(self, chunk: Chunk, tick: Tick) -> Shard:
        indexed = self._indexed_rows(chunk)
        missing = _without(chunk.inputs, indexed)
        transcoded = self.transcoder.rows([one.row for one in missing])
        missing = _without(missing, transcoded)
        stored = len(chunk.inputs) - len(missing)
        self.counts.stored_apart += stored
        tick(stored)
        tables = [table for table in (indexed, transcoded) if table is not None]
        if missing:
            tables.append(self._captured(missing, tick))
        table = _in_order(pa.concat_tables(tables), chunk)
        shard = self.stored.commit(chunk.key, to_bytes(table, self.layout), table.num_rows)
        self.index.add(shard, table)
        return shard

    def _indexed_rows(self, chunk: Chunk) -> pa.Table | None:
        """Return the rows of a chunk that other shards hold, or None."""
        places = self.index.find([row.key for row in chunk.rows])
        return self.index.rows([place for place in places if place is not None])

    def _captured(self, inputs: Sequence[CaptureInput], tick: Tick) -> pa.Table:
        """Run the teacher over the inputs; equal inputs run once."""
        by_key: dict[bytes, list[CaptureInput]] = {}
        for one in inputs:
            by_key.setdefault(one.row.input_key, []).append(one)
        # Longest first: a teacher of sequences runs inputs of similar length together.
        groups = sorted(by_key.values(), key=lambda group: -len(group[0].row.labels))
        tables, start = [], 0
        for answer in self._answers(groups):
            logits, features = split(answer)
            batch = groups[start : start + len(logits)]
            self._require_shape(logits, batch)
            tables.append(self._encoded(logits, features, batch))
            tick(sum(map(len, batch)))
            start += len(logits)
            del answer, logits, features  # or they would be in memory beside the next ones
        if start != len(groups):
            raise SoftLabelError(
                f"the teacher answered {start} of {len(groups)} inputs. Its `answer` must yield "
                "one row for each input, in order."
            )
        self.counts.captured += len(groups)
        return pa.concat_tables(tables)

    def _answers(self, groups: list[list[CaptureInput]]) -> Iterator[Any]:
        """Yield the answers to the input of each group; one batch of inputs is in memory."""
        size = self.member.capture.batch_size
        for start in range(0, len(groups), size):
            batch = groups[start : start + size]
            yield from self.member.answer(np.stack([group[0].input() for group in batch]))

    def _require_shape(self, logits: Any, groups: list[list[CaptureInput]]) -> None:
        """Refuse logits of another shape, which would be stored for the wrong rows."""
        positions = 1 if logits.ndim == 2 else logits.shape[1]
        longest = max((len(one.row.labels) for group in groups for one in group), default=0)
        if len(logits) != len(groups) or positions < longest:
            raise SoftLabelError(
                f"the teacher answered {len(logits)} inputs at {positions} positions, but "
                f"{len(groups)} inputs of up to {longest} positions remain. Its `answer` must "
                "yield one row for each input, with all its positions."
            )
        if logits.shape[-1] != self.member.classes:
            raise SoftLabelError(
                f"the teacher's logits have {logits.shape[-1]} classes, but its `classes` is "
                f"{self.member.classes}. Make them equal."
            )

    def _encoded(
        self, logits: Any, features: RowFeatures | None, groups: list[list[CaptureInput]]
    ) -> pa.Table:
        rows = [one.row for group in groups for one in group]
        answers = [at for at, group in enumerate(groups) for _ in group]
        entries = sparsify_rows(logits, answers, rows, self.member.capture)
        of_rows = None if features is None else features.rows(answers)
        return encode_rows(rows, entries, self.member.capture, self.layout, of_rows)


def layout_of(capture: Capture, classes: int) -> Layout:
    """Return the columns of a capture's shards."""
    return Layout(capture.sparsifier, classes, capture.features)


def _without(inputs: Sequence[CaptureInput], table: pa.Table | None) -> Sequence[CaptureInput]:
    """Return the inputs whose rows are not in a table."""
    if table is None:
        return inputs
    stored = set(row_keys(table))
    return [one for one in inputs if one.row.key not in stored]


def _in_order(table: pa.Table, chunk: Chunk) -> pa.Table:
    """Return the rows of a chunk in its order, with its own example ids and views.

    A row that was stored for another example with the same input has the names of that example.
    """
    numbers = {key: row for row, key in enumerate(row_keys(table))}
    order = [numbers[row.key] for row in chunk.rows]
    if order != list(range(len(table))):  # rarely; `take` copies every list
        table = table.take(pa.array(order))
    ordered = table.combine_chunks()
    columns = {
        "example_id": pa.array([row.example_id for row in chunk.rows], pa.binary(KEY_BYTES)),
        "view": pa.array([row.view for row in chunk.rows], pa.uint16()),
    }
    for name, column in columns.items():
        at = ordered.schema.get_field_index(name)
        ordered = ordered.set_column(at, ordered.schema.field(at), column)
    return ordered


def _without_labels(one: CaptureInput) -> CaptureInput:
    """Return the input without its labels: nothing that is stored depends on them."""
    row = replace(one.row, labels=np.full_like(one.row.labels, NO_LABEL))
    return replace(one, row=row)
