"""Packed turns: packs of conversations in; whose turn each label is, and how each one ends, out.

    tokens, starts, learnt, turn_ends ──label_turns──> the turn of each labelled position
    tokens, …, references ──last_answers──> LastAnswer: prompt, answer, reference

The prompt of an answer is what stands before it: ingest compared that with what the template gives
a model, id by id, unless the template marks what the assistant writes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.errors import DataError

TURN_ENDS = "turn_ends"  # list: the number of tokens up to the end of each learnt turn of the pack
REFERENCES = "references"  # list: what the last answer of each piece is checked against, or null
_COLUMNS = ("tokens", "starts", "learnt", TURN_ENDS)

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LastAnswer:
    """The last learnt turn of a conversation.

    Attributes:
        prompt: the ids before it.
        answer: its ids, with the token that ends it.
        reference: what is recorded to check an answer against; None if nothing is.
    """

    prompt: tuple[int, ...]
    answer: tuple[int, ...]
    reference: str | None


def has_turns(packs: pl.DataFrame, chat_template: str | None) -> bool:
    """Tell whether packs are of conversations.

    Args:
        packs: rows of the table of examples.
        chat_template: that of their encoder.

    Raises:
        DataError: they are, but were written before turns were kept.
    """
    if chat_template is not None and TURN_ENDS not in packs.columns:
        raise DataError(
            f"The examples of conversations have no column {TURN_ENDS}. Run the ingest stage again."
        )
    return TURN_ENDS in packs.columns


def label_turns(packs: pl.DataFrame) -> list[Integers]:
    """Return for each pack the learnt turn of each label, from 1, in the order of positions.

    Args:
        packs: rows of conversations in the table of examples.
    """
    return [_label_turns(*map(np.array, row)) for row in packs.select(_COLUMNS).iter_rows()]


def _label_turns(
    tokens: Integers, starts: Integers, learnt: NDArray[np.bool_], ends: Integers
) -> Integers:
    labels = learnt.copy()
    labels[starts] = False  # the first token of a conversation follows nothing
    at = np.flatnonzero(labels)
    begin = starts[np.searchsorted(starts, at, side="right") - 1]
    earlier = np.searchsorted(ends, at, side="right") - np.searchsorted(ends, begin, side="right")
    return np.asarray(earlier + 1, dtype=np.int64)


def last_answers(packs: pl.DataFrame) -> Iterator[LastAnswer]:
    """Yield the last answer of each conversation that has a token before it.

    Args:
        packs: rows of conversations in the table of examples.
    """
    for tokens, starts, learnt, ends, references in packs.select(*_COLUMNS, REFERENCES).iter_rows():
        stops = [*starts[1:], len(tokens)]
        for start, stop, reference in zip(starts, stops, references, strict=True):
            *before, end = [start, *(one for one in ends if start < one <= stop)]
            begin = next((at for at in range(before[-1], end) if learnt[at]), end)
            if start < begin < end:
                yield LastAnswer(tuple(tokens[start:begin]), tuple(tokens[begin:end]), reference)
