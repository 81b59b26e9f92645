"""Language models in two parts: together they give the logits, or the check refuses the model."""

import pytest
import torch
from support.examples.corpus_examples import BERT, GPT2, CorpusOnDisk, small_corpus
from torch.nn.functional import linear

from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.forward.lm_head import (
    head_of,
    is_linear_head,
    label_hidden_states,
    label_logits,
    label_logits_and_features,
    label_mask,
    masked_labels,
    output_layer_inputs,
)
from stillroom.models.forward.one_piece_rows import keeps_pieces_apart
from stillroom.models.shape import Shape

GEMMA2 = {
    "model_type": "gemma2",
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "intermediate_size": 32,
    "final_logit_softcapping": 0.01,
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> CorpusOnDisk:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def inputs(corpus: CorpusOnDisk) -> torch.Tensor:
    return torch.from_numpy(corpus.fitted.encode(corpus.examples.read().head(8)))


def test_the_output_layer_on_the_hidden_states_is_the_model(
    corpus: CorpusOnDisk, inputs: torch.Tensor
) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    head, hidden = head_of(model), label_hidden_states(model, inputs)
    assert hidden.shape == (int(label_mask(inputs).sum()), 16)
    logits = linear(hidden, head.weight, head.bias)
    torch.testing.assert_close(logits, label_logits(model, inputs))
    assert is_linear_head(model, inputs)


def test_answers_and_hidden_states_come_of_one_forward_pass(
    corpus: CorpusOnDisk, inputs: torch.Tensor
) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    assert keeps_pieces_apart(model, inputs.shape[2])  # tried once, before the calls are counted
    calls: list[object] = []
    model.register_forward_hook(lambda *_: calls.append(None))
    hidden, features = output_layer_inputs(model, inputs, label_logits_and_features)
    assert len(calls) == 1
    assert features is not None
    assert features.inside is not None
    assert features.inside.tolist() == (inputs[:, 0] >= 0).tolist()
    assert len(features.hidden) == 2  # embeddings, and one layer
    torch.testing.assert_close(features.last[label_mask(inputs)], hidden)
    logits, _ = label_logits_and_features(model, inputs)
    torch.testing.assert_close(logits, label_logits(model, inputs))


def test_what_fills_a_row_up_does_not_move_its_pooled_features(
    corpus: CorpusOnDisk, inputs: torch.Tensor
) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    longer = torch.nn.functional.pad(inputs[:, :, :20], (0, 4), value=-1)
    features = label_logits_and_features(model, longer)[1]
    alone = label_logits_and_features(model, inputs[:, :, :20])[1]
    assert features is not None
    assert alone is not None
    torch.testing.assert_close(features.pooled, alone.pooled, rtol=1e-4, atol=1e-6)


def test_labels_are_those_of_the_labelled_positions(inputs: torch.Tensor) -> None:
    expected = [token for row in inputs[:, 2].tolist() for token in row if token >= 0]
    assert masked_labels(inputs).tolist() == expected


def test_an_output_layer_with_a_bias_is_split_too(inputs: torch.Tensor) -> None:
    from stillroom.models.shape import Vocabulary

    shape = Shape((3, 24), (), Vocabulary(300, 24, "masked_token"))
    model = build("transformer", BERT, shape, seed=0).eval()
    with torch.no_grad():
        head_of(model).bias.copy_(torch.linspace(-1, 1, 300))
    assert is_linear_head(model, inputs)


def test_logits_that_are_capped_are_not_split(corpus: CorpusOnDisk, inputs: torch.Tensor) -> None:
    model = build("transformer", GEMMA2, corpus.shape, seed=0)
    assert not is_linear_head(model, inputs)
    assert not is_linear_head(model, inputs[:0])  # a process without rows in a short batch
    assert model.training  # as before


def test_few_positions_tell_whether_the_logits_are_capped(
    corpus: CorpusOnDisk, inputs: torch.Tensor
) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    seen = []
    head_of(model)  # it has one
    model.get_output_embeddings().register_forward_hook(
        lambda layer, given, logits: seen.append(logits.shape[:2].numel())
    )
    unlabelled = inputs.clone()
    unlabelled[:, 2] = -1
    for rows in (inputs, unlabelled, inputs[:0]):
        assert is_linear_head(model, rows)
    assert max(seen) == 2 * 16


def test_a_model_is_whole_again_afterwards(corpus: CorpusOnDisk, inputs: torch.Tensor) -> None:
    model = build("transformer", GPT2, corpus.shape, seed=0).eval()
    before = label_logits(model, inputs)
    label_hidden_states(model, inputs)
    assert torch.equal(label_logits(model, inputs), before)


def test_a_model_without_an_output_layer_is_refused() -> None:
    model = build("mlp", {"hidden": [4]}, Shape((3,), ("a", "b")), seed=0)
    with pytest.raises(ModelError, match="no output layer over a vocabulary"):
        head_of(model)
