"""Chunks: capture inputs in, units of work out; each chunk becomes a shard.

    capture inputs, in order ──cut by key and part──> Chunk, Chunk, …

New rows change the chunks around them. Every other chunk stays byte-identical.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stillroom.io.content_chunks import is_cut
from stillroom.softlabels.format.row import Row

EncodedInput = NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class CaptureInput:
    """One row to capture.

    Attributes:
        row: its keys, view, draw and hard labels.
        input: returns the encoded input that the teacher sees.
    """

    row: Row
    input: Callable[[], EncodedInput]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive inputs."""

    inputs: tuple[CaptureInput, ...]

    @property
    def rows(self) -> list[Row]:
        """The rows, in order."""
        return [one.row for one in self.inputs]

    @property
    def key(self) -> str:
        """SHA-256 over the rows in order: chunks with equal keys have equal shards."""
        digest = hashlib.sha256()
        for row in self.rows:
            digest.update(row.example_id + row.input_key)
            digest.update(row.view.to_bytes(4, "little") + row.draw.to_bytes(4, "little"))
            digest.update(np.ascontiguousarray(row.labels, "<i4").tobytes() + b"/")
        return digest.hexdigest()


def chunks(inputs: Iterable[CaptureInput], rows: int) -> Iterator[Chunk]:
    """Cut inputs into chunks of `rows` rows on average; see `stillroom.io.content_chunks`."""
    pending: list[CaptureInput] = []
    for one in inputs:
        if pending:
            last, part = pending[-1].row, one.row.part
            if is_cut(last.input_key, last.part, part, len(pending), rows):
                yield Chunk(tuple(pending))
                pending = []
        pending.append(one)
    if pending:
        yield Chunk(tuple(pending))
