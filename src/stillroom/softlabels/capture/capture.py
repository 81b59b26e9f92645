"""Capture: a teacher and questions in, committed shards out; only what the store lacks is asked.

    questions ──blocks──> in the store? ── yes ─────────────────────────> Shard
                              └─ no: rows kept elsewhere, or derived ┐
                                     rows that the teacher answers   ┴──> committed Shard

A block is one unit of work: a kill loses at most the one in flight. Memory holds one block's
inputs and answers, one shard read back, a batch's logits, and 16 bytes per row of the store's
index, whatever the number of rows.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from stillroom.errors import SoftLabelError
from stillroom.softlabels.capture.chunks import Block, Question, blocks
from stillroom.softlabels.capture.sparsify_rows import sparse
from stillroom.softlabels.capture.transcode import Derived
from stillroom.softlabels.format.column_schema import Layout
from stillroom.softlabels.format.encode import are_rows, encode_rows, row_keys
from stillroom.softlabels.format.fingerprint import Capture
from stillroom.softlabels.format.input_key import KEY_BYTES
from stillroom.softlabels.format.manifest import Shard
from stillroom.softlabels.format.pooled_features import halved, split
from stillroom.softlabels.format.shard import CODEC, from_bytes, to_bytes
from stillroom.softlabels.sparsify.sparsifiers import Full
from stillroom.softlabels.store.row_index import RowIndex
from stillroom.softlabels.store.store import CaptureStore, Store

Tick = Callable[[int], None]
NO_LABEL = -1


class Member(Protocol):
    """A teacher: what its answers depend on, and the answers."""

    @property
    def capture(self) -> Capture:
        """The ingredients of its fingerprint."""

    @property
    def classes(self) -> int:
        """How many classes, or tokens, an answer spans."""

    def answer(self, inputs: NDArray[Any]) -> Iterable[Any]:
        """Yield logits [n, C] or [n, positions, C] for inputs [N, *shape], in order.

        Tensors on any device, or numpy arrays; n may be less than the batch, the shape in which
        the teacher runs may not. `WithFeatures`, where the capture keeps features.
        """


@dataclass(slots=True)
class Counts:
    """What a capture came to, in rows: found as whole shards, reused one by one, asked."""

    found: int = 0
    reused: int = 0
    asked: int = 0

    def __str__(self) -> str:
        """Say it in a line."""
        return (
            f"{self.asked:,} rows asked; in the store were {self.found:,} in whole shards and "
            f"{self.reused:,} in others"
        )


class Capturing:
    """Fills the store with one member's answers."""

    def __init__(self, member: Member, store: Store, rows_per_shard: int) -> None:
        """Prepare; `shards` does the work."""
        self.member, self.rows_per_shard = member, rows_per_shard
        self.kept: CaptureStore = store.of(member.capture, CODEC)
        self.layout = layout_of(member.capture, member.classes)
        self.index = RowIndex(self.kept, self.layout)
        self.derived = Derived(member.capture, self.layout, store)
        self.counts = Counts()

    def shards(self, questions: Iterable[Question], tick: Tick) -> Iterator[Shard]:
        """Yield the shard of each block of the questions, in order, once it is committed.

        Args:
            questions: in canonical order.
            tick: is told of rows as they are done.

        Raises:
            SoftLabelError: the teacher's answers cannot be used.
        """
        asked = map(_without_labels, questions) if self._is_full else questions
        for block in blocks(asked, self.rows_per_shard):
            yield self._found(block, tick) or self._made(block, tick)

    @property
    def _is_full(self) -> bool:
        return isinstance(self.member.capture.sparsifier, Full)

    def _found(self, block: Block, tick: Tick) -> Shard | None:
        key = block.key
        found = self.kept.find(key)
        if found is None:
            return None
        shard, content = found
        if not self._answers(block, shard, content):
            self.kept.drop(key)  # a manifest that names another block's shard, or another teacher's
            return None
        self.counts.found += shard.rows
        tick(shard.rows)
        return shard

    def _answers(self, block: Block, shard: Shard, content: bytes) -> bool:
        try:
            table = from_bytes(content, shard, self.layout)
        except SoftLabelError:
            return False
        return are_rows(table, block.rows, self.member.capture)

    def _made(self, block: Block, tick: Tick) -> Shard:
        kept = self._kept_rows(block)
        missing = _without(block.questions, kept)
        derived = self.derived.rows([question.row for question in missing])
        missing = _without(missing, derived)
        reused = len(block.questions) - len(missing)
        self.counts.reused += reused
        tick(reused)
        tables = [table for table in (kept, derived) if table is not None]
        if missing:
            tables.append(self._ask(missing, tick))
        table = _in_order(pa.concat_tables(tables), block)
        shard = self.kept.commit(block.key, to_bytes(table, self.layout), table.num_rows)
        self.index.add(shard, table)
        return shard

    def _kept_rows(self, block: Block) -> pa.Table | None:
        """Return rows that other shards hold already, or None."""
        places = self.index.find([row.key for row in block.rows])
        return self.index.rows([place for place in places if place is not None])

    def _ask(self, questions: Sequence[Question], tick: Tick) -> pa.Table:
        """Run the teacher over the questions; equal inputs run once."""
        wanted: dict[bytes, list[Question]] = {}
        for question in questions:
            wanted.setdefault(question.row.input_key, []).append(question)
        # Longest first: a teacher of sequences answers alike ones together.
        groups = sorted(wanted.values(), key=lambda group: -len(group[0].row.labels))
        tables, start = [], 0
        for answer in self._answers_to(groups):
            logits, features = split(answer)
            batch = groups[start : start + len(logits)]
            self._require_shape(logits, batch)
            tables.append(self._encoded(logits, features, batch))
            tick(sum(map(len, batch)))
            start += len(logits)
            del answer, logits  # or they would be in memory beside the next ones
        if start != len(groups):
            raise SoftLabelError(
                f"the teacher answered {start} of {len(groups)} inputs. Its `answer` must yield "
                "one row for each, in order."
            )
        self.counts.asked += len(groups)
        return pa.concat_tables(tables)

    def _answers_to(self, groups: list[list[Question]]) -> Iterator[Any]:
        """Yield the answers to each group's input; the inputs of one batch are in memory."""
        size = self.member.capture.batch_size
        for start in range(0, len(groups), size):
            batch = groups[start : start + size]
            yield from self.member.answer(np.stack([group[0].input() for group in batch]))

    def _require_shape(self, logits: Any, groups: list[list[Question]]) -> None:
        """Refuse what would be stored as something else: views of memory do not know better."""
        positions = 1 if logits.ndim == 2 else logits.shape[1]
        longest = max((len(q.row.labels) for group in groups for q in group), default=0)
        if len(logits) != len(groups) or positions < longest:
            raise SoftLabelError(
                f"the teacher answered {len(logits)} inputs at {positions} positions, where "
                f"{len(groups)} of up to {longest} positions were left to answer."
            )
        if logits.shape[-1] != self.member.classes:
            raise SoftLabelError(
                f"the teacher answered over {logits.shape[-1]} classes, and says that it has "
                f"{self.member.classes}."
            )

    def _encoded(self, logits: Any, features: Any, groups: list[list[Question]]) -> pa.Table:
        rows = [question.row for group in groups for question in group]
        answers = [at for at, group in enumerate(groups) for _ in group]
        entries = sparse(logits, answers, rows, self.member.capture)
        kept = None if features is None else halved(features, answers)
        return encode_rows(rows, entries, self.member.capture, self.layout, kept)


def layout_of(capture: Capture, classes: int) -> Layout:
    """Return the columns of a capture's shards."""
    return Layout(capture.sparsifier, classes, capture.features)


def _without(questions: Sequence[Question], table: pa.Table | None) -> Sequence[Question]:
    """Return the questions whose rows a table does not hold."""
    if table is None:
        return questions
    held = set(row_keys(table))
    return [question for question in questions if question.row.key not in held]


def _in_order(table: pa.Table, block: Block) -> pa.Table:
    """Return the block's rows in its order, under the block's own example ids and views.

    A row that was kept for another example with the same input carries that one's names.
    """
    place = {key: row for row, key in enumerate(row_keys(table))}
    order = [place[row.key] for row in block.rows]
    if order != list(range(len(table))):  # nearly always it is: taking copies every list
        table = table.take(pa.array(order))
    ordered = table.combine_chunks()
    columns = {
        "example_id": pa.array([row.example_id for row in block.rows], pa.binary(KEY_BYTES)),
        "view": pa.array([row.view for row in block.rows], pa.uint16()),
    }
    for name, column in columns.items():
        at = ordered.schema.get_field_index(name)
        ordered = ordered.set_column(at, ordered.schema.field(at), column)
    return ordered


def _without_labels(question: Question) -> Question:
    """Return the question without its labels: `full` keeps nothing that depends on them."""
    row = replace(question.row, labels=np.full_like(question.row.labels, NO_LABEL))
    return replace(question, row=row)
