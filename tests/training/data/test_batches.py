"""Batches: each row once an epoch, within the budget of tokens, and equally many in each epoch."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.examples.image_examples import ImageExamples, written
from support.examples.text_examples import BERT, text_data, text_table
from support.training.jobs import a_fit, a_job, fitted, train_here

from stillroom.config.schema import Architecture
from stillroom.data.ingest.ingest_examples import ingest
from stillroom.io.tables import TableFile, write_table
from stillroom.training.data.batches import RowBatches, TokenBatches
from stillroom.training.data.sampler import BatchSplit, GlobalShuffle, MicroBatchSampler


def token_batches(tokens: list[int], budget: int, seed: int = 0) -> TokenBatches:
    return TokenBatches(GlobalShuffle(len(tokens), seed), np.array(tokens), budget, seed)


@given(tokens=st.lists(st.integers(0, 40), min_size=1, max_size=60), budget=st.integers(40, 200))
def test_each_row_comes_once_and_no_batch_is_over_the_budget(
    tokens: list[int], budget: int
) -> None:
    batches = token_batches(tokens, budget)
    for number in range(3):
        epoch = batches.epoch(number)
        assert len(epoch) == len(batches)
        assert sorted(np.concatenate(epoch).tolist()) == list(range(len(tokens)))
        for rows in epoch:
            assert len(rows) * max(tokens[row] for row in rows) <= budget


def test_batches_by_hand() -> None:
    # Longest first: 9 | 5 5 | 4 2 2 | 1, since 2 x 9, 3 x 5 and 4 x 4 are more than 12.
    tokens = [2, 9, 1, 5, 4, 5, 2]
    epoch = token_batches(tokens, 12).epoch(0)
    assert sorted(sorted(tokens[row] for row in rows) for rows in epoch) == [
        [1],
        [2, 2, 4],
        [5, 5],
        [9],
    ]


def test_a_row_beyond_the_budget_is_alone() -> None:
    assert sorted(map(len, token_batches([50, 3, 3], 12).epoch(0))) == [1, 2]


def test_epochs_differ_and_depend_only_on_seed_and_number() -> None:
    tokens = [5 + row % 3 for row in range(60)]

    def epoch(number: int, seed: int = 0) -> list[list[int]]:
        return [rows.tolist() for rows in token_batches(tokens, 40, seed).epoch(number)]

    assert epoch(1) == epoch(1)
    assert epoch(0) != epoch(1)
    assert epoch(0) != epoch(0, seed=1)
    mates = [{frozenset(rows) for rows in epoch(number)} for number in range(2)]
    assert not mates[0] & mates[1]  # other texts share a batch, not only another order of batches
    lengths = [max(tokens[row] for row in rows) for rows in epoch(0)]
    assert lengths != sorted(lengths)
    assert lengths != sorted(lengths, reverse=True)


@pytest.mark.parametrize("stop", [0, 1, 5, 9])
def test_a_resumed_epoch_goes_on_at_the_very_next_micro_batch(stop: int) -> None:
    tokens = [3 + row % 7 for row in range(40)]

    def sampler() -> MicroBatchSampler:
        return MicroBatchSampler(token_batches(tokens, 30), BatchSplit(0, 1, 2))

    whole, resumed = sampler(), sampler()
    whole.go_to(2, 0)
    resumed.go_to(2, stop)
    expected = [one.rows.tolist() for one in whole][stop:]
    assert [one.rows.tolist() for one in resumed] == expected


def test_processes_and_micro_batches_share_the_same_batches() -> None:
    tokens = [3 + row % 7 for row in range(40)]
    expected = [sorted(rows.tolist()) for rows in token_batches(tokens, 30).epoch(0)]
    parts = [
        list(MicroBatchSampler(token_batches(tokens, 30), BatchSplit(rank, 2, 2)))
        for rank in range(2)
    ]
    for number, batch in enumerate(expected):
        every = [part for rank in parts for part in rank[2 * number : 2 * number + 2]]
        assert sorted(row for part in every for row in part.rows.tolist()) == batch


def test_a_budget_of_equal_rows_is_a_number_of_rows() -> None:
    assert [len(rows) for rows in RowBatches(GlobalShuffle(10, 0), 4).epoch(0)] == [4, 4, 2]


def test_a_fit_by_tokens_has_the_curve_of_its_parts_to_within_rounding(tmp_path: Path) -> None:
    text_table(tmp_path / "t.csv", 90)
    ingested = ingest(text_data(text={"length": 20}), tmp_path)
    write_table(ingested.examples, tmp_path / "examples.parquet")
    made = ImageExamples(
        TableFile(tmp_path / "examples.parquet"), written(ingested.encoder, tmp_path / "encoder")
    )
    options = BERT | {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    curves = []
    for accumulate in (1, 3):
        fit = a_fit(
            architecture=Architecture(name="transformer", options=options),
            optimisation=fitted(epochs=2, batch_tokens=80, accumulate=accumulate),
        )
        folder = tmp_path / str(accumulate)
        curves.append(train_here(a_job(made, folder / "work", fits=[fit]), folder / "models"))
    for one, other in zip(*curves, strict=True):
        assert other["train_loss"] == pytest.approx(one["train_loss"], abs=2e-5)
        assert other["validation_nll"] == pytest.approx(one["validation_nll"], abs=2e-5)
