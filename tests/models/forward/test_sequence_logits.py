"""Sequences: answers stand where something is asked, and do not depend on what stands beside."""

from pathlib import Path

import numpy as np
import pytest
import torch
from small_corpus import BERT, GPT2, SmallCorpus, hidden_corpus, small_corpus

from stillroom.data.encoders.sequence_encoder import LABELS, Sequences
from stillroom.models.forward.forward_kwargs import arguments
from stillroom.models.forward.sequence_logits import Kind, batches_of_token_logits, kinds, logits_at
from stillroom.models.registry import build


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


def inputs_of(made: SmallCorpus) -> Sequences:
    return made.fitted.encode(made.examples.read())


def answers(made: SmallCorpus, inputs: Sequences, batch_size: int = 4) -> list[np.ndarray]:
    """Return what is said at the places of each row that are asked."""
    options = BERT if made.fitted.is_masked else GPT2
    model = build("transformer", options, made.shape, seed=0).eval()
    parts = batches_of_token_logits(model, inputs, batch_size, made.fitted.outputs)
    rows = [row.numpy() for part in parts for row in part]
    asked = (inputs[:, LABELS] >= 0).sum(axis=1)
    return [row[:count] for row, count in zip(rows, asked, strict=True)]


def test_answers_are_the_models_at_the_places_that_are_asked(made: SmallCorpus) -> None:
    inputs = inputs_of(made)
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    with torch.no_grad():
        whole = model(**arguments(model, torch.from_numpy(inputs))).logits.numpy()
    for row, found in enumerate(answers(made, inputs)):
        expected = whole[row][inputs[row, LABELS] >= 0]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_logits_of_some_places_are_the_models_there_and_have_gradients(made: SmallCorpus) -> None:
    inputs = inputs_of(made)[:3]
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    places = [np.array([1]), np.array([0, 2]), np.array([], np.int64)]
    found = logits_at(model, inputs, places)
    whole = model(**arguments(model, torch.from_numpy(inputs))).logits.detach().numpy()
    asked = [np.flatnonzero(row >= 0) for row in inputs[:, LABELS]]
    expected = [whole[0, asked[0][1]], whole[1, asked[1][0]], whole[1, asked[1][2]]]
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-4, atol=1e-6)
    assert found.requires_grad
    again = model(**arguments(model, torch.from_numpy(inputs))).logits
    assert again.shape[:2] == inputs.shape[::2]  # the hook is gone


def test_a_rows_answer_is_the_same_bits_whatever_stands_beside_it(made: SmallCorpus) -> None:
    inputs = inputs_of(made)
    whole = answers(made, inputs)
    some = [11, 3, 40, 41, 7]
    for row, found in zip(some, answers(made, inputs[some]), strict=True):
        assert (found == whole[row]).all()


def test_hidden_tokens_are_answered_where_they_are(tmp_path: Path) -> None:
    made = hidden_corpus(tmp_path, count=40)
    inputs = inputs_of(made)
    # The shortest there can be: of two tokens the second one is hidden.
    inputs[0] = -1
    inputs[0, :2, :2], inputs[0, LABELS, 1] = [[2, 4], [0, 1]], 9
    model = build("transformer", BERT, made.shape, seed=0).eval()
    with torch.no_grad():
        whole = model(**arguments(model, torch.from_numpy(inputs))).logits.numpy()
    assert all(not kind.is_whole for kind in kinds(inputs))
    for row, found in enumerate(answers(made, inputs)):
        expected = whole[row][inputs[row, LABELS] >= 0]
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5)


def test_what_kind_a_row_is_depends_on_it_alone(made: SmallCorpus) -> None:
    rows = np.full((3, 3, 24), -1, np.int32)
    rows[0, 0], rows[0, 1], rows[0, 2, :23] = 5, np.arange(24), 5  # whole
    rows[1, 0, :4], rows[1, 1, :4], rows[1, 2, [0, 2]] = 5, [0, 1, 0, 1], 5  # two pieces
    rows[2, 0, :17], rows[2, 1, :17], rows[2, 2, :16] = 5, np.arange(17), 5  # cut to 24
    assert kinds(rows) == [Kind(24, True), Kind(16, False), Kind(24, True)]


def test_a_model_with_more_tokens_than_the_tokenizer_says_nothing_of_them(
    made: SmallCorpus,
) -> None:
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    model.resize_token_embeddings(512)
    (first, *_) = batches_of_token_logits(model, inputs_of(made)[:3], 4, made.fitted.outputs)
    assert first.shape[-1] == made.fitted.outputs == 300


def test_shorter_rows_come_in_larger_batches(made: SmallCorpus, tmp_path: Path) -> None:
    inputs = inputs_of(made)[:1].repeat(40, axis=0)
    inputs[:, :, 10:] = -1
    inputs[:, LABELS, 9] = -1
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    sizes = [len(p) for p in batches_of_token_logits(model, inputs, 8, made.fitted.outputs)]
    assert sizes == [12, 12, 12, 4]  # 8 rows of 24 tokens are 12 of 16
