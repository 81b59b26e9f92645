"""Sequences: logits at the labelled positions, regardless of what else is in the batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from support.examples.corpus_examples import BERT, GPT2, CorpusOnDisk, masked_corpus, small_corpus

from stillroom.data.text.token_layout import LABELS, POSITIONS, Sequences
from stillroom.models.architecture_registry import build
from stillroom.models.forward.forward_kwargs import forward_kwargs
from stillroom.models.forward.sequence_logits import (
    BatchKey,
    batch_keys,
    batches_of_token_logits,
    batches_of_token_logits_and_features,
    logits_at,
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


def inputs_of(corpus: CorpusOnDisk) -> Sequences:
    return corpus.fitted.encode(corpus.examples.read())


def answers(corpus: CorpusOnDisk, inputs: Sequences, batch_size: int = 4) -> list[np.ndarray]:
    """Return the answers at the labelled positions of each row."""
    options = BERT if corpus.fitted.is_masked else GPT2
    model = build("transformer", options, corpus.shape, seed=0).eval()
    parts = batches_of_token_logits(model, inputs, batch_size, corpus.fitted.outputs)
    rows = [row.numpy() for part in parts for row in part]
    counts = (inputs[:, LABELS] >= 0).sum(axis=1)
    return [row[:count] for row, count in zip(rows, counts, strict=True)]


def test_answers_are_the_models_at_the_labelled_positions(corpus: CorpusOnDisk) -> None:
    inputs = inputs_of(corpus)
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    with torch.no_grad():
        whole = model(**forward_kwargs(model, torch.from_numpy(inputs))).logits.numpy()
    for row, answer in enumerate(answers(corpus, inputs)):
        expected = whole[row][inputs[row, LABELS] >= 0]
        np.testing.assert_allclose(answer, expected, rtol=1e-3, atol=1e-5)


def test_logits_of_some_places_are_the_models_there_and_have_gradients(
    corpus: CorpusOnDisk,
) -> None:
    inputs = inputs_of(corpus)[:3]
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    places = [np.array([1]), np.array([0, 2]), np.array([], np.int64)]
    logits = logits_at(model, inputs, places)
    whole = model(**forward_kwargs(model, torch.from_numpy(inputs))).logits.detach().numpy()
    labelled = [np.flatnonzero(row >= 0) for row in inputs[:, LABELS]]
    expected = [whole[0, labelled[0][1]], whole[1, labelled[1][0]], whole[1, labelled[1][2]]]
    np.testing.assert_allclose(logits.detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    assert logits.requires_grad
    again = model(**forward_kwargs(model, torch.from_numpy(inputs))).logits
    assert again.shape[:2] == inputs.shape[::2]  # the hook is removed


def test_a_rows_answer_is_bit_identical_regardless_of_the_rows_beside_it(
    corpus: CorpusOnDisk,
) -> None:
    inputs = inputs_of(corpus)
    whole = answers(corpus, inputs)
    some = [11, 3, 40, 41, 7]
    for row, answer in zip(some, answers(corpus, inputs[some]), strict=True):
        assert (answer == whole[row]).all()


def with_features(
    corpus: CorpusOnDisk, inputs: Sequences
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the answers at the labelled positions, and the vectors of each row's pieces."""
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    parts = list(batches_of_token_logits_and_features(model, inputs, 4, corpus.fitted.outputs))
    counts = (inputs[:, LABELS] >= 0).sum(axis=1)
    rows = [row.numpy() for logits, _ in parts for row in logits]
    vectors: list[np.ndarray] = []
    for logits, features in parts:
        assert features.pieces is not None
        assert len(features.pieces) == len(logits)  # what fills a batch up has none
        vectors += [one.numpy() for one in features.pooled.split(features.pieces.tolist())]
    return [row[:count] for row, count in zip(rows, counts, strict=True)], vectors


def test_features_come_of_the_pass_that_answers_and_change_no_bit_of_it(
    corpus: CorpusOnDisk,
) -> None:
    inputs = inputs_of(corpus)
    logits, vectors = with_features(corpus, inputs)
    for ours, theirs in zip(logits, answers(corpus, inputs), strict=True):
        assert (ours == theirs).all()
    starts = (inputs[:, POSITIONS] == 0).sum(axis=1)
    assert [len(one) for one in vectors] == starts.tolist()
    assert max(starts) > 1
    some = [11, 3, 40, 41, 7]
    for row, ours in zip(some, with_features(corpus, inputs[some])[1], strict=True):
        assert (ours == vectors[row]).all()  # regardless of the rows beside it


def test_hidden_tokens_are_answered_where_they_are(tmp_path: Path) -> None:
    corpus = masked_corpus(tmp_path, count=40)
    inputs = inputs_of(corpus)
    # The shortest possible row: the second of two tokens is hidden.
    inputs[0] = -1
    inputs[0, :2, :2], inputs[0, LABELS, 1] = [[2, 4], [0, 1]], 9
    model = build("transformer", BERT, corpus.shape, seed=0).eval()
    with torch.no_grad():
        whole = model(**forward_kwargs(model, torch.from_numpy(inputs))).logits.numpy()
    assert all(not kind.is_whole for kind in batch_keys(inputs))
    for row, answer in enumerate(answers(corpus, inputs)):
        expected = whole[row][inputs[row, LABELS] >= 0]
        np.testing.assert_allclose(answer, expected, rtol=1e-3, atol=1e-5)


def test_what_kind_a_row_is_depends_on_it_alone(corpus: CorpusOnDisk) -> None:
    rows = np.full((3, 3, 24), -1, np.int32)
    rows[0, 0], rows[0, 1], rows[0, 2, :23] = 5, np.arange(24), 5  # whole
    rows[1, 0, :4], rows[1, 1, :4], rows[1, 2, [0, 2]] = 5, [0, 1, 0, 1], 5  # two pieces
    rows[2, 0, :17], rows[2, 1, :17], rows[2, 2, :16] = 5, np.arange(17), 5  # cut to 24
    assert batch_keys(rows) == [BatchKey(24, True), BatchKey(16, False), BatchKey(24, True)]


def test_a_model_with_more_tokens_than_the_tokenizer_says_nothing_of_them(
    corpus: CorpusOnDisk,
) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    model.resize_token_embeddings(512)
    (first, *_) = batches_of_token_logits(model, inputs_of(corpus)[:3], 4, corpus.fitted.outputs)
    assert first.shape[-1] == corpus.fitted.outputs == 300


def test_shorter_rows_come_in_larger_batches(corpus: CorpusOnDisk, tmp_path: Path) -> None:
    inputs = inputs_of(corpus)[:1].repeat(40, axis=0)
    inputs[:, :, 10:] = -1
    inputs[:, LABELS, 9] = -1
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    sizes = [len(p) for p in batches_of_token_logits(model, inputs, 8, corpus.fitted.outputs)]
    assert sizes == [12, 12, 12, 4]  # 8 rows of 24 tokens are 12 of 16


def test_whoever_takes_a_batch_may_still_compute_gradients(corpus: CorpusOnDisk) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    batches = batches_of_token_logits(model, inputs_of(corpus), 4, corpus.fitted.outputs)
    next(batches)
    assert not torch.is_inference_mode_enabled()
