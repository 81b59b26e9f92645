"""Inference: every model answers the same rows, in as few batches as possible."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from support.evaluation.token_predictions import Predicted

from stillroom.assess.predict.lm_inference import (
    BATCH_SIZE,
    LanguageModels,
    batch_size_for,
    batching_order,
)
from stillroom.data.encoders import SequenceEncoder
from stillroom.models.forward.sequence_logits import batch_keys
from stillroom.softlabels.format.ensemble_combination import Combination
from stillroom.teachers.stored_teachers import teacher_refs


def opened(predicted: Predicted) -> LanguageModels:
    refs = teacher_refs(predicted.teachers[0].parent)
    one = Combination.of("probability", [3.0, 1.0])
    return LanguageModels.opened(predicted.corpus.fitted, refs, one, predicted.students)


def test_batches_hold_what_every_model_says_of_their_rows(predicted: Predicted) -> None:
    rows = predicted.rows("test")
    batches = list(opened(predicted).batches(predicted.corpus.fitted.encode(rows)))
    labels = torch.cat([batch.flat_labels for batch in batches])
    assert labels.tolist() == predicted.labels(rows).tolist()
    lengths = [len(row) for batch in batches for row in batch.labels]
    assert len(lengths) == len(rows)
    for name, log_q in predicted.log_q(rows).items():
        batch_log_q = torch.cat([batch.of(name) for batch in batches]).double().log_softmax(1)
        torch.testing.assert_close(batch_log_q, log_q, rtol=1e-3, atol=1e-4)


def test_bounds_cut_positions_into_rows(predicted: Predicted) -> None:
    inputs = predicted.corpus.fitted.encode(predicted.rows("test"))
    for batch in opened(predicted).batches(inputs):
        parts = np.split(batch.flat_labels.numpy(), batch.bounds)
        assert [part.tolist() for part in parts] == [row.tolist() for row in batch.labels]


def test_rows_of_a_kind_go_together(predicted: Predicted) -> None:
    inputs = predicted.corpus.fitted.encode(predicted.rows("train"))
    order = batching_order(inputs)
    assert sorted(order) == list(range(len(inputs)))
    of_rows = [batch_keys(inputs)[row] for row in order]
    changes = sum(one != other for one, other in pairwise(of_rows))
    assert changes == len(set(of_rows)) - 1 > 0
    models = LanguageModels(
        opened(predicted).teacher, {}, predicted.corpus.fitted.outputs, BATCH_SIZE
    )
    batches = sum(1 for _ in models.batches(inputs[order]))
    assert batches <= len(inputs) / BATCH_SIZE + len(set(of_rows))
    assert batches < sum(1 for _ in models.batches(inputs))


@pytest.mark.parametrize(
    ("length", "tokens", "rows"),
    [(128, 2_000, 8), (512, 32_768, 8), (512, 65_536, 4), (512, 262_144, 1), (4096, 262_144, 1)],
)
def test_the_logits_of_a_batch_take_half_a_gigabyte_at_most(
    length: int, tokens: int, rows: int, predicted: Predicted, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = replace(predicted.corpus.fitted, length=length)
    monkeypatch.setattr(SequenceEncoder, "outputs", tokens)
    assert batch_size_for(encoder) == rows
    assert rows == 1 or rows * length * tokens * 4 <= 512 * 2**20
