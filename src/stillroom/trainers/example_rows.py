"""Example rows: the examples that a soft-label set was captured for, as a Trainer reads them.

    data/02_examples: examples, encoder ──digest──is it that of the set?──> rows of a split

    {"example_id": 16 bytes, "draw": 0,
     "input_ids": [5, 9, 2], "position_ids": [0, 1, 2], "labels": [-100, -100, 2]}

A row is a sequence of one or several pieces; positions start at 0 in each. As in `transformers`,
the label of a token is the token itself where it is learnt; it is predicted one position before.
"""

from collections.abc import Iterator
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from stillroom.data.encoders import SequenceEncoder, read_encoder
from stillroom.data.example_digest import examples_digest
from stillroom.data.ingest.splits import TRAIN
from stillroom.data.text.token_layout import LABELS, POSITIONS, TOKENS
from stillroom.errors import DataError
from stillroom.io.tables import TableFile
from stillroom.no_label import IGNORED, NO_LABEL

if TYPE_CHECKING:
    from stillroom.softlabels.open_set import OpenedSet

ROWS_AT_ONCE = 512


def training_rows(
    examples: str | PathLike[str], labels: "OpenedSet", split: str = TRAIN, draw: int = 0
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a split, in the order of the examples.

    Args:
        examples: the folder of examples and encoder, such as `data/02_examples`.
        labels: the opened set.
        split: the split.
        draw: which of the set's independent draws the rows get. Of a set with several, take
            another one for each pass over the examples.

    Raises:
        SoftLabelError: the set was captured for other examples, labels or splits.
        DataError: the examples are damaged, or are no sequences with next tokens as labels.
    """
    folder = Path(examples)
    table, encoder = TableFile(folder / "examples"), read_encoder(folder / "encoder")
    if not isinstance(encoder, SequenceEncoder) or encoder.is_masked:
        raise DataError(
            f"{folder} holds no sequences for the task next_token, and training_rows reads no "
            "others. Give your own rows with an example_id to SoftLabelCollator, with the "
            "collator of their inputs as `base`."
        )
    labels.require_examples(examples_digest(table, encoder))
    return _rows(table, encoder, split, draw)


def _rows(
    table: TableFile, encoder: SequenceEncoder, split: str, draw: int
) -> Iterator[dict[str, Any]]:
    for frame in table.batches(ROWS_AT_ONCE):
        chosen = frame.filter(pl.col("split") == split)
        if chosen.is_empty():
            continue
        for key, sequence in zip(chosen["example_id"], encoder.encode(chosen), strict=True):
            yield {"example_id": key, "draw": draw, **_columns(sequence)}


def _columns(sequence: np.ndarray[Any, np.dtype[np.int32]]) -> dict[str, list[int]]:
    """Return the columns of one encoded sequence, [3, length], without its padding."""
    size = int((sequence[TOKENS] >= 0).sum())
    learnt = np.full(size, IGNORED, dtype=np.int64)
    learnt[1:] = np.where(sequence[LABELS] == NO_LABEL, IGNORED, sequence[LABELS])[: size - 1]
    return {
        "input_ids": sequence[TOKENS, :size].tolist(),
        "position_ids": sequence[POSITIONS, :size].tolist(),
        "labels": learnt.tolist(),
    }
