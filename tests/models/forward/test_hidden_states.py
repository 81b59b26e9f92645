"""Hidden states of each built-in architecture: channels last, and their pooled mean."""

import pytest
import torch
from support.models.small_language_models import LENGTH, VOCABULARY, packs, small_model
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from stillroom.errors import ModelError
from stillroom.models.architecture_registry import build
from stillroom.models.forward.hidden_states import feature_width, logits_and_features, logits_only
from stillroom.models.shape import Shape

SHAPE = Shape((1, 8, 8), ("a", "b", "c"))
RESNET = {"embedding_size": 4, "hidden_sizes": [6, 8], "depths": [1, 1], "layer_type": "basic"}


def test_a_perceptrons_are_its_hidden_units() -> None:
    model = build("mlp", {"hidden": [7, 5]}, SHAPE, seed=0).eval()
    inputs = torch.rand(2, 1, 8, 8)
    logits, features = logits_and_features(model, inputs)
    assert [tuple(state.shape) for state in features.hidden] == [(2, 7), (2, 5)]
    assert features.pooled is features.hidden[-1]
    torch.testing.assert_close(model.layers[-1](features.pooled), logits)
    assert (features.hidden[0] >= 0).all()
    assert torch.equal(logits_only(model, inputs)[0], logits)
    assert logits_only(model, inputs)[1] is None


def test_a_residual_networks_are_maps_with_channels_last_and_what_its_classifier_sees() -> None:
    model = build("resnet", RESNET, SHAPE, seed=0).eval()
    logits, features = logits_and_features(model, torch.rand(2, 1, 8, 8))
    assert [state.shape[-1] for state in features.hidden] == [4, 6, 8]
    assert all(state.ndim == 4 for state in features.hidden)
    torch.testing.assert_close(model.classifier(features.pooled), logits)


@pytest.mark.parametrize(
    ("name", "options", "width"), [("mlp", {"hidden": [7, 5]}, 5), ("resnet", RESNET, 8)]
)
def test_the_width_is_found_without_a_trace(
    name: str, options: dict[str, object], width: int
) -> None:
    model = build(name, options, SHAPE, seed=0)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert feature_width(model, SHAPE.inputs) == width
    assert model.training
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "mamba", "bert"])
def test_no_rows_give_no_logits_and_gradients_of_zero(model_type: str) -> None:
    model = small_model(model_type)
    inputs = torch.from_numpy(packs([LENGTH], [5, 7], is_masked=model_type == "bert"))
    logits, features = logits_and_features(model, inputs[:0])
    assert logits.shape == (0, LENGTH, VOCABULARY)
    assert features.pooled.shape == (0, 32)
    with_rows, _ = logits_and_features(model, inputs)
    assert with_rows.shape == (2, LENGTH, VOCABULARY)
    logits.sum().backward()
    assert model.get_output_embeddings().weight.grad.count_nonzero() == 0


def test_a_model_that_shows_none_is_named() -> None:
    class Shy(PreTrainedModel):
        config_class = PreTrainedConfig
        main_input_name = "inputs"

        def __init__(self, config: PreTrainedConfig) -> None:
            super().__init__(config)
            self.scale = torch.nn.Parameter(torch.ones(1))

        def forward(
            self, inputs: torch.Tensor, output_hidden_states: bool = False
        ) -> SequenceClassifierOutput:
            return SequenceClassifierOutput(logits=inputs)

    with pytest.raises(ModelError, match="Shy returns no hidden states"):
        logits_and_features(Shy(PreTrainedConfig()), torch.zeros(1, 2))
