"""Packed frames: one packer for each file and split, equal packs once."""

from collections.abc import Iterator

import numpy as np

from stillroom.data.ingest.corpus_counts import CorpusCounts
from stillroom.data.ingest.packed_frames import (
    LEARNT_SCHEMA,
    SCHEMA,
    distinct_frames,
    packed_rows,
)
from stillroom.data.text.packing import Pack


class Pairs:
    """Puts two numbers side by side."""

    def __init__(self) -> None:
        self.held: list[int] = []

    def add(self, item: int) -> Iterator[Pack]:
        self.held.append(item)
        if len(self.held) == 2:
            yield from self.flush()

    def flush(self) -> Iterator[Pack]:
        if self.held:
            tokens = np.array(self.held, np.int32)
            yield Pack(tokens, np.array([0], np.int32), 3, len(tokens) - 1, tokens > 5)
        self.held = []


ITEMS = [
    ("a", "train", 1),
    ("a", "test", 2),
    ("a", "train", 7),
    ("a", "train", 4),
    ("b", "train", 1),
    ("b", "train", 7),
    ("b", "validation", 9),
]


def test_a_pack_is_of_one_file_and_one_split_in_the_order_of_filling() -> None:
    rows = list(packed_rows(ITEMS, Pairs, "tokenizer"))
    seen = [(row["part"], row["row"], row["split"], row["tokens"].tolist()) for row in rows]
    assert seen == [
        ("a", 0, "train", [1, 7]),
        ("a", 1, "train", [4]),
        ("a", 2, "test", [2]),
        ("b", 0, "train", [1, 7]),
        ("b", 1, "validation", [9]),
    ]
    assert len({row["example_id"] for row in rows}) == 4  # two packs are equal
    assert len({row["example_id"] for row in packed_rows(ITEMS[:3], Pairs, "other")}) == 2


def test_equal_packs_stand_once_and_are_counted() -> None:
    counts = CorpusCounts()
    (frame,) = distinct_frames(packed_rows(ITEMS, Pairs, "t"), counts, LEARNT_SCHEMA)
    assert frame["tokens"].to_list() == [[1, 7], [4], [2], [9]]
    assert frame["learnt"].to_list() == [[False, True], [False], [False], [True]]
    assert counts.duplicate_sequences == 1
    assert counts.to_json()["tokens"] == {"train": 3, "validation": 1, "test": 1}
    assert counts.learnt == {"train": 1, "validation": 0, "test": 0}
    (plain,) = distinct_frames(packed_rows(ITEMS, Pairs, "t"), CorpusCounts(), SCHEMA)
    assert plain.columns == list(SCHEMA)
