"""Data alarms: the examples, their encoder and the report of ingest in, alarms out.

report ──counts──> classes that nobody can learn, repetitions
examples ──row_sample──> inputs that are all the same, texts with unknown words

One pass over the examples; what is compared is a bounded sample of each split.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.assess.sanity.alarm import Alarm
from stillroom.assess.sanity.class_alarms import class_alarms
from stillroom.assess.sanity.input_alarms import (
    constant_features,
    constant_images,
    duplicates_read,
    repeated_inputs,
)
from stillroom.assess.sanity.row_sample import row_sample
from stillroom.assess.sanity.vocabulary_alarms import few_common_words, unknown_tokens
from stillroom.config.schema import Data
from stillroom.data.encoders import ArrayEncoder, Encoder, SequenceEncoder, TokenEncoder
from stillroom.data.encoders.hashed_words import words_of
from stillroom.data.ingest.splits import TEST, TRAIN, VALIDATION
from stillroom.data.text.token_layout import NO_TOKEN, TOKENS
from stillroom.io.tables import TableFile

SAMPLE = {TRAIN: 2048, VALIDATION: 512, TEST: 512}
ROWS_AT_ONCE = 256  # encoded rows in memory

OF_TOKENS = (
    "Choose another data.text.tokenizer, or raise data.text.length if the texts begin alike and "
    "are cut there."
)
OF_HASHES = (
    "Hashing sees words of two and more letters between blanks. Set data.text.encoding=tokens, or "
    "look whether data.columns.text names the right column."
)


def data_alarms(
    examples: TableFile, encoder: Encoder, report: Mapping[str, Any], data: Data
) -> tuple[Alarm, ...]:
    """Return the alarms about examples.

    Args:
        examples: every example.
        encoder: their encoder.
        report: the report of ingest.
        data: the parameters of ingest.

    Raises:
        DataError: the table is missing or damaged.
    """
    alarms = list(class_alarms(report["classes"], _left_out(data))) if encoder.classes else []
    alarms += duplicates_read(report)
    sample = row_sample(examples, SAMPLE)
    match encoder:
        case SequenceEncoder() | TokenEncoder():
            alarms += token_alarms(sample, encoder, "the tokenizer of data.text.tokenizer")
        case ArrayEncoder():
            alarms += _array_alarms(sample, encoder)
    return tuple(alarms)


def token_alarms(
    sample: pl.DataFrame, encoder: SequenceEncoder | TokenEncoder, whose: str
) -> Iterator[Alarm]:
    """Yield the alarms about texts as tokens.

    Args:
        sample: rows of all splits.
        encoder: makes their tokens.
        whose: names the tokenizer, for the sentences.
    """
    splits = {split: tokens_of(rows, encoder) for split, rows in _by_split(sample).items()}
    train = splits.pop(TRAIN)
    yield from repeated_inputs([train], OF_TOKENS)
    everything = np.concatenate([ids for texts in (train, *splits.values()) for ids in texts])
    yield from unknown_tokens(everything, encoder.tokenizer.unknown, whose)
    yield from few_common_words(
        _lists(train), {split: _lists(texts) for split, texts in splits.items()}, "tokens"
    )


def _array_alarms(sample: pl.DataFrame, encoder: ArrayEncoder) -> Iterator[Alarm]:
    splits = _by_split(sample)
    train = splits.pop(TRAIN)
    match encoder.kind:
        case "image":
            yield from constant_images(train["image"])
        case "features":
            yield from constant_features(train["features"])
        case "text":
            yield from repeated_inputs(_encoded(train, encoder), OF_HASHES)
            words = {
                split: words_of(rows["text"].to_list(), encoder.words)
                for split, rows in splits.items()
            }
            of_train = words_of(train["text"].to_list(), encoder.words)
            yield from few_common_words(of_train, words, "words")


def _by_split(sample: pl.DataFrame) -> dict[str, pl.DataFrame]:
    return {split: sample.filter(pl.col("split") == split) for split in SAMPLE}


def _encoded(rows: pl.DataFrame, encoder: Encoder) -> Iterator[NDArray[Any]]:
    for batch in rows.iter_slices(ROWS_AT_ONCE):
        yield encoder.encode(batch)


def tokens_of(
    rows: pl.DataFrame, encoder: SequenceEncoder | TokenEncoder
) -> list[NDArray[np.integer]]:
    """Return the tokens of each row, without padding and without those around every text."""
    if isinstance(encoder, SequenceEncoder):  # the hidden tokens are among these
        return [np.array(ids) for ids in rows["tokens"].to_list()]
    around = [NO_TOKEN, *encoder.before, *encoder.after]
    return [
        row[~np.isin(row, around)] for batch in _encoded(rows, encoder) for row in batch[:, TOKENS]
    ]


def _lists(texts: list[NDArray[np.integer]]) -> list[list[int]]:
    return [ids.tolist() for ids in texts]


def _left_out(data: Data) -> list[str]:
    """Return the parameters that leave out training labels, with their values."""
    share, most = data.label_fraction, data.labels_per_class
    by_share = [f"data.label_fraction={share:g}"] if share < 1 else []
    return by_share + ([] if most is None else [f"data.labels_per_class={most}"])
