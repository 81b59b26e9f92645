"""Packed frames: what a source gives, in order, in; the examples of a language model out.

    (file, split, item), … ──a packer for each file and split──> packs ──keyed, distinct──> frames

A pack holds items of one file and one split, so a new file changes no pack of another one. Memory
holds one pack of each split, and a key of each pack.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import polars as pl

from stillroom.data.chat.packed_turns import REFERENCES, TURN_ENDS
from stillroom.data.encoders.sequence_encoder import LEARNT
from stillroom.data.ingest.corpus_counts import CorpusCounts
from stillroom.data.ingest.splits import SPLITS
from stillroom.data.text.packing import Pack

PACKS_AT_ONCE = 1024
SCHEMA: dict[str, Any] = {
    "example_id": pl.Binary(),
    "split": pl.String(),
    "label": pl.Int32(),
    "part": pl.String(),
    "row": pl.Int64(),
    "tokens": pl.List(pl.Int32()),
    "starts": pl.List(pl.Int32()),
    "bytes": pl.Int64(),
}
LEARNT_SCHEMA = SCHEMA | {
    LEARNT: pl.List(pl.Boolean()),
    TURN_ENDS: pl.List(pl.Int32()),
    REFERENCES: pl.List(pl.String()),
}

T = TypeVar("T", contravariant=True)
Row = dict[str, Any]


class AnyPacker(Protocol[T]):
    """Puts items side by side into packs."""

    def add(self, item: T, /) -> Iterator[Pack]:
        """Add an item; yield the packs that are full."""

    def flush(self) -> Iterator[Pack]:
        """Yield the pack that is not full yet, if there is one."""


def packed_rows(
    items: Iterable[tuple[str, str, T]], new_packer: Callable[[], AnyPacker[T]], tokenizer: str
) -> Iterator[Row]:
    """Yield the rows of the packs of each file, in the order in which they become full.

    Args:
        items: the file, the split and the content of each; all items of a file follow each other.
        new_packer: returns a packer for one file and one split.
        tokenizer: the hash of the tokenizer.
    """
    part, number = "", 0
    packers: dict[str, AnyPacker[T]] = {}
    for name, split, item in items:
        if name != part:
            yield from _flushed(packers, part, number, tokenizer)
            part, number = name, 0
            packers = {one: new_packer() for one in SPLITS}
        for pack in packers[split].add(item):
            yield _row(pack, split, part, number, tokenizer)
            number += 1
    yield from _flushed(packers, part, number, tokenizer)


def distinct_frames(
    rows: Iterable[Row], counts: CorpusCounts, schema: dict[str, Any]
) -> Iterator[pl.DataFrame]:
    """Yield rows as frames, without those whose key was there before; count what is kept.

    Args:
        rows: of `packed_rows`.
        counts: gets the numbers of sequences, tokens, labels and bytes.
        schema: `SCHEMA`, or `LEARNT_SCHEMA`.
    """
    seen: set[bytes] = set()
    kept: list[Row] = []
    for row in rows:
        if row["example_id"] in seen:
            counts.duplicate_sequences += 1
            continue
        seen.add(row["example_id"])
        counts.add(row)
        kept.append({name: row[name] for name in schema})
        if len(kept) == PACKS_AT_ONCE:
            yield pl.DataFrame(kept, schema=schema)
            kept = []
    if kept:
        yield pl.DataFrame(kept, schema=schema)


def _flushed(
    packers: dict[str, AnyPacker[T]], part: str, number: int, tokenizer: str
) -> Iterator[Row]:
    last = ((name, pack) for name, packer in packers.items() for pack in packer.flush())
    for at, (name, pack) in enumerate(last, start=number):
        yield _row(pack, name, part, at, tokenizer)


def _row(pack: Pack, split: str, part: str, number: int, tokenizer: str) -> Row:
    return {
        "example_id": pack.key(tokenizer),
        "split": split,
        "label": None,
        "part": part,
        "row": number,
        "tokens": pack.tokens,
        "starts": pack.starts,
        "bytes": pack.text_bytes,
        "labels": pack.labels,
        LEARNT: pack.learnt,
        TURN_ENDS: pack.turn_ends,
        REFERENCES: pack.references,
    }
