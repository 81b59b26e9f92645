"""Conversations made of a small corpus: the last tokens of each sequence are an answer."""

from pathlib import Path

import polars as pl
import pytest
from support.examples.corpus_examples import CorpusOnDisk, small_corpus

from stillroom.io.tables import TableFile, write_parts

ANSWER = 5  # tokens
TURNS = {"learnt": pl.List(pl.Boolean), "turn_ends": pl.List(pl.Int32)}


def as_conversations(frame: pl.DataFrame, references: list[str | None]) -> pl.DataFrame:
    """Return packs of one conversation each, of many lengths; the last tokens are learnt."""
    tokens = [row[: 12 + number % 19] for number, row in enumerate(frame["tokens"].to_list())]
    marks = [[at >= len(row) - ANSWER for at in range(len(row))] for row in tokens]
    return frame.with_columns(
        pl.Series("tokens", tokens, pl.List(pl.Int32)),
        pl.Series("starts", [[0]] * len(tokens), pl.List(pl.Int32)),
        pl.Series("learnt", marks, TURNS["learnt"]),
        pl.Series("turn_ends", [[len(row)] for row in tokens], TURNS["turn_ends"]),
        pl.Series("references", [[one] for one in references], pl.List(pl.String)),
    )


@pytest.fixture(scope="session")
def chat(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    corpus = small_corpus(tmp_path_factory.mktemp("chat"), text={"length": 32})
    frame = corpus.examples.read()
    frame = frame.filter(pl.col("tokens").list.len() > 2 * ANSWER)
    folder = tmp_path_factory.mktemp("examples")
    write_parts([as_conversations(frame, [None] * frame.height)], folder)
    return CorpusOnDisk(TableFile(Path(folder)), corpus.encoder, corpus.fitted)
