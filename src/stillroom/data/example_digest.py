"""Digest of examples: a table and its encoder in, one SHA-256 over what the examples say out.

    example_id, split, label of each row, by id; names of the classes ──SHA-256──> digest
    content of each row ──example_id once more──> an error where the row has another

A soft-label set records it, so that examples that were changed afterwards are noticed. Files,
compression and the order of the rows do not count.
"""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from stillroom.data.encoders import Encoder, SequenceEncoder, TokenEncoder
from stillroom.data.encoders.sequence_encoder import LEARNT
from stillroom.data.example_ids import example_ids
from stillroom.data.text.packing import Pack
from stillroom.errors import DataError
from stillroom.io.tables import TableFile
from stillroom.no_label import NO_LABEL

ROWS_AT_ONCE = 4096
KEYS = ["example_id", "split", "label"]


def examples_digest(examples: TableFile, encoder: Encoder) -> str:
    """Return the digest of a table of examples, after a check of every row's content.

    SHA-256 over the canonical JSON of the classes' names, then over the rows in the order of their
    bytes. A row is its example_id (16 bytes), its label (int32, little-endian, -1 without one) and
    the name of its split in UTF-8, ended by a zero byte.

    Args:
        examples: the table.
        encoder: its encoder, which knows the classes and the kind of the content.

    Raises:
        DataError: the content of a row has another example_id than the row; or the table is
            damaged.
    """
    rows: list[bytes] = []
    for frame in examples.batches(ROWS_AT_ONCE):
        _require_columns(frame, examples)
        _require_contents(frame, encoder, examples, len(rows))
        labels = frame["label"].fill_null(NO_LABEL).to_numpy().astype("<i4")
        columns = zip(frame["example_id"], labels, frame["split"], strict=True)
        rows += [key + label.tobytes() + split.encode() + b"\0" for key, label, split in columns]
    names = json.dumps(list(encoder.classes), separators=(",", ":"))
    digest = hashlib.sha256(names.encode())
    for row in sorted(rows):
        digest.update(row)
    return digest.hexdigest()


def _require_columns(frame: pl.DataFrame, examples: TableFile) -> None:
    missing = [name for name in KEYS if name not in frame.columns]
    if missing:
        raise DataError(
            f"{examples.path} has no column {missing[0]}, so the examples were changed after "
            "`ingest`. Run `kedro run --pipeline=ingest` again."
        )


def _require_contents(
    frame: pl.DataFrame, encoder: Encoder, examples: TableFile, before: int
) -> None:
    for at, (key, expected) in enumerate(
        zip(frame["example_id"], content_ids(frame, encoder), strict=True)
    ):
        if key != expected:
            raise DataError(
                f"{examples.path}, row {before + at}: the content is not that of its example_id "
                f"{key.hex()}, so the examples were changed after `ingest`. Run "
                "`kedro run --pipeline=ingest` again."
            )


def content_ids(frame: pl.DataFrame, encoder: Encoder) -> list[bytes]:
    """Return the example_id of each row, computed from its content.

    Args:
        frame: rows of the table of examples.
        encoder: their encoder.
    """
    if isinstance(encoder, SequenceEncoder):
        tokenizer = encoder.tokenizer.sha256
        columns = ["tokens", "starts", *({LEARNT} & set(frame.columns))]
        return [_pack(*row).key(tokenizer) for row in frame.select(columns).iter_rows()]
    if isinstance(encoder, TokenEncoder) or encoder.kind == "text":
        return example_ids("text", (), frame["text"])
    if encoder.kind == "image":
        return example_ids("image", encoder.raw_shape, frame["image"])
    return example_ids("features", encoder.shape, _features(frame["features"], encoder.shape))


def _features(column: pl.Series, shape: tuple[int, ...]) -> Iterable[Any]:
    return column.explode().to_numpy().reshape(len(column), *shape)


def _pack(tokens: list[int], starts: list[int], learnt: list[bool] | None = None) -> Pack:
    marks = None if learnt is None else np.array(learnt)
    return Pack(np.array(tokens), np.array(starts), text_bytes=0, labels=0, learnt=marks)
