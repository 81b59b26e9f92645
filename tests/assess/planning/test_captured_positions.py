"""Captured positions: the tokens that are learnt, except the first of a piece."""

from pathlib import Path

import polars as pl
from support.examples.corpus_examples import sentences
from support.examples.image_examples import ENCODER as IMAGES

from stillroom.assess.planning.captured_positions import CapturedPositions, captured_positions
from stillroom.data.encoders import SequenceEncoder
from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.io.tables import TableFile

ENCODER = SequenceEncoder(
    tokenizer=train_tokenizer(sentences(40), 300), task="next_token", length=8
)
LISTS = {"tokens": pl.List(pl.Int32()), "starts": pl.List(pl.Int32())}


def table(folder: Path, **learnt: list[list[bool]]) -> TableFile:
    columns = {"tokens": [[5, 6, 7, 8, 9], [5, 6]], "starts": [[0, 3], [0]], **learnt}
    pl.DataFrame(columns, schema_overrides=LISTS).write_parquet(folder / "rows.parquet")
    return TableFile(folder / "rows.parquet")


def test_of_conversations_only_what_is_learnt_counts(tmp_path: Path) -> None:
    # Token 3 begins a piece: nothing predicts it.
    marks = [[False, False, True, True, True], [False, True]]
    examples = table(tmp_path, learnt=marks)
    assert captured_positions(examples, ENCODER) == CapturedPositions(captured=3, tokens=7)


def test_of_other_texts_each_next_token_counts(tmp_path: Path) -> None:
    assert captured_positions(table(tmp_path), ENCODER) == CapturedPositions(captured=4, tokens=7)


def test_other_examples_have_one_each() -> None:
    assert captured_positions(TableFile(Path("none")), IMAGES) is None
