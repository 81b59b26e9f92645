"""Blocks: the rows that are asked for in, units of work out; a block becomes a shard.

    questions, in order ──cut by key and part──> Block, Block, …

New rows change the blocks around them, and every other block stays what it was, to the byte.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.io.content_chunks import is_cut
from stillroom.softlabels.format.row import Row

Inputs = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Question:
    """A row, and how to make the input that the teacher sees."""

    row: Row
    input: Callable[[], Inputs]


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive questions."""

    questions: tuple[Question, ...]

    @property
    def rows(self) -> list[Row]:
        """The rows, in order."""
        return [question.row for question in self.questions]

    @property
    def key(self) -> str:
        """SHA-256 over which rows these are, in order: equal keys ask for equal shards."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(row.example_id + row.input_key)
            digest.update(row.view.to_bytes(4, "little") + row.draw.to_bytes(4, "little"))
            digest.update(np.ascontiguousarray(row.labels, "<i4").tobytes() + b"/")
        return digest.hexdigest()


def blocks(questions: Iterable[Question], rows: int) -> Iterator[Block]:
    """Cut questions into blocks of `rows` rows on average; see `stillroom.io.content_chunks`."""
    held: list[Question] = []
    for question in questions:
        if held:
            last, part = held[-1].row, question.row.part
            if is_cut(last.input_key, last.part, part, len(held), rows):
                yield Block(tuple(held))
                held = []
        held.append(question)
    if held:
        yield Block(tuple(held))
