"""Example rows: those of a split, for the set that was captured for them and no other."""

from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from support.examples.corpus_examples import masked_corpus, small_corpus

from stillroom.data.example_digest import examples_digest
from stillroom.errors import DataError, SoftLabelError
from stillroom.softlabels import training_rows


def accepting(digest: str) -> SimpleNamespace:
    """Return an opened set that was captured for examples of this digest."""

    def require(given: str) -> None:
        if given != digest:
            raise SoftLabelError("other examples")

    return SimpleNamespace(require_examples=require)


def test_rows_hold_the_tokens_of_their_split_and_learn_each_but_the_first(tmp_path: Path) -> None:
    made = small_corpus(tmp_path, 40)
    labels = accepting(examples_digest(made.examples, made.fitted))
    frame = made.examples.read().filter(pl.col("split") == "train")
    rows = list(training_rows(tmp_path, labels, draw=3))  # type: ignore[arg-type]
    assert [row["example_id"] for row in rows] == frame["example_id"].to_list()
    for row, tokens, starts in zip(rows, frame["tokens"], frame["starts"], strict=True):
        assert row["draw"] == 3
        assert row["input_ids"] == tokens.to_list()
        assert [at for at, one in enumerate(row["position_ids"]) if one == 0] == starts.to_list()
        learnt = [-100 if at in starts else token for at, token in enumerate(tokens)]
        assert row["labels"] == learnt


def test_examples_of_another_set_are_refused_before_the_first_row(tmp_path: Path) -> None:
    small_corpus(tmp_path, 40)
    with pytest.raises(SoftLabelError, match="other examples"):
        training_rows(tmp_path, accepting("0" * 64))  # type: ignore[arg-type]


def test_masked_tokens_are_refused_with_a_way_out(tmp_path: Path) -> None:
    masked_corpus(tmp_path, 40)
    with pytest.raises(DataError, match="no sequences for the task next_token"):
        training_rows(tmp_path, accepting(""))  # type: ignore[arg-type]
