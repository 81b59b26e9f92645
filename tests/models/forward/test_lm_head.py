"""Language models in two parts: together they are the whole, or it is said that they are not."""

import pytest
import torch
from small_corpus import BERT, GPT2, SmallCorpus, small_corpus
from torch.nn.functional import linear

from stillroom.errors import ModelError
from stillroom.models.forward.lm_head import (
    answers_with_features,
    asked,
    before_output,
    head_of,
    hidden_asked,
    is_split,
    labels_of,
    logits_asked,
)
from stillroom.models.registry import build
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
def made(tmp_path_factory: pytest.TempPathFactory) -> SmallCorpus:
    return small_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def inputs(made: SmallCorpus) -> torch.Tensor:
    return torch.from_numpy(made.fitted.encode(made.examples.read().head(8)))


def test_the_output_layer_on_the_hidden_states_is_the_model(
    made: SmallCorpus, inputs: torch.Tensor
) -> None:
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    head, hidden = head_of(model), hidden_asked(model, inputs)
    assert hidden.shape == (int(asked(inputs).sum()), 16)
    found = linear(hidden, head.weight, head.bias)
    torch.testing.assert_close(found, logits_asked(model, inputs))
    assert is_split(model, inputs)


def test_answers_and_hidden_states_come_of_one_forward_pass(
    made: SmallCorpus, inputs: torch.Tensor
) -> None:
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    calls: list[object] = []
    model.register_forward_hook(lambda *_: calls.append(None))
    hidden, features = before_output(model, inputs, answers_with_features)
    assert len(calls) == 1
    assert features is not None
    assert features.inside is not None
    assert features.inside.tolist() == (inputs[:, 0] >= 0).tolist()
    assert len(features.hidden) == 2  # embeddings, and one layer
    torch.testing.assert_close(features.last[asked(inputs)], hidden)
    logits, _ = answers_with_features(model, inputs)
    torch.testing.assert_close(logits, logits_asked(model, inputs))


def test_what_fills_a_row_up_does_not_move_its_pooled_features(
    made: SmallCorpus, inputs: torch.Tensor
) -> None:
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    longer = torch.nn.functional.pad(inputs[:, :, :20], (0, 4), value=-1)
    features = answers_with_features(model, longer)[1]
    alone = answers_with_features(model, inputs[:, :, :20])[1]
    assert features is not None
    assert alone is not None
    torch.testing.assert_close(features.pooled, alone.pooled, rtol=1e-4, atol=1e-6)


def test_labels_are_those_of_the_places_that_are_asked(inputs: torch.Tensor) -> None:
    expected = [token for row in inputs[:, 2].tolist() for token in row if token >= 0]
    assert labels_of(inputs).tolist() == expected


def test_an_output_layer_with_a_bias_is_split_too(inputs: torch.Tensor) -> None:
    from stillroom.models.shape import Vocabulary

    shape = Shape((3, 24), (), Vocabulary(300, 24, "masked_token"))
    model = build("transformer", BERT, shape, seed=0).eval()
    with torch.no_grad():
        head_of(model).bias.copy_(torch.linspace(-1, 1, 300))
    assert is_split(model, inputs)


def test_logits_that_are_capped_are_not_split(made: SmallCorpus, inputs: torch.Tensor) -> None:
    model = build("transformer", GEMMA2, made.shape, seed=0)
    assert not is_split(model, inputs)
    assert model.training  # as it was


def test_a_model_is_whole_again_afterwards(made: SmallCorpus, inputs: torch.Tensor) -> None:
    model = build("transformer", GPT2, made.shape, seed=0).eval()
    before = logits_asked(model, inputs)
    hidden_asked(model, inputs)
    assert torch.equal(logits_asked(model, inputs), before)


def test_a_model_without_an_output_layer_is_refused() -> None:
    model = build("mlp", {"hidden": [4]}, Shape((3,), ("a", "b")), seed=0)
    with pytest.raises(ModelError, match="no output layer over a vocabulary"):
        head_of(model)
