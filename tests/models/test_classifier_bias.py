"""The last layer of each architecture that is built here."""

import pytest
import torch
from transformers import PreTrainedConfig, PreTrainedModel

from stillroom.errors import ModelError
from stillroom.models.classifier_bias import output_bias
from stillroom.models.registry import build
from stillroom.models.shape import Shape

RESNET = {"embedding_size": 4, "hidden_sizes": [4], "depths": [1], "layer_type": "basic"}


@pytest.mark.parametrize(
    ("name", "options"), [("mlp", {"hidden": [3, 3]}), ("resnet", RESNET)], ids=["mlp", "resnet"]
)
def test_the_bias_moves_the_logits_of_its_class(name: str, options: dict[str, object]) -> None:
    model = build(name, options, Shape((1, 8, 8), ("a", "b", "c")), seed=0).eval()
    inputs = {model.main_input_name: torch.rand(2, 1, 8, 8)}
    with torch.no_grad():
        before = model(**inputs).logits
        output_bias(model)[1] += 2.5
        after = model(**inputs).logits
    torch.testing.assert_close(after - before, torch.tensor([[0.0, 2.5, 0.0]]).repeat(2, 1))


def test_a_model_without_one_is_named() -> None:
    class Bare(PreTrainedModel):
        config_class = PreTrainedConfig

    with pytest.raises(ModelError, match="Bare has no last linear layer with a bias for 2 classes"):
        output_bias(Bare(PreTrainedConfig()))
