"""Blocks: the rows that are asked for in, units of work out; a block becomes a shard.

    questions, in order ──cut by key and part──> Block, Block, …

New rows change the blocks around them, and every other block stays what it was, to the byte.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.io.cuts import is_cut

Inputs = NDArray[np.generic]
RowKey = tuple[bytes, int, int | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One input that a teacher is asked about, without the input itself.

    Attributes:
        example_id, input_key: 16 bytes each.
        part: where the example came from; a new part begins a new block.
        view: which view of the example, 0 being the plain one.
        draw: which of the independent draws of the sparsifier.
        labels: int32 [positions]: the hard label at each position, -1 where there is none. Of a
            sequence they must follow from its input_key; of a single position they need not.
    """

    example_id: bytes
    input_key: bytes
    part: str
    view: int
    draw: int
    labels: NDArray[np.int32]

    @property
    def label(self) -> int | None:
        """The hard label of a row with one position; None where it has none, or several."""
        one = len(self.labels) == 1 and self.labels[0] >= 0
        return int(self.labels[0]) if one else None

    @property
    def key(self) -> RowKey:
        """What the store knows the row by."""
        return self.input_key, self.draw, self.label


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
    """Cut questions into blocks of `rows` rows on average; see `stillroom.io.cuts`."""
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
