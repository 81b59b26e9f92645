"""Target modules: peft's own choice, or names that must be layers of the model."""

from typing import Any

import pytest
import torch
import transformers
from support.models.small_language_models import small_model

from stillroom.errors import ModelError
from stillroom.models.adapters.target_modules import target_modules

peft = pytest.importorskip("peft", reason="pip install 'stillroom[adapters]'")

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}


def vit() -> Any:
    config = transformers.ViTConfig(**SIZES, intermediate_size=24, image_size=16, patch_size=8)
    return transformers.ViTForImageClassification(config)


@pytest.mark.parametrize(
    ("model_type", "expected"),
    [
        ("llama", ["q_proj", "v_proj"]),
        ("gemma3_text", ["q_proj", "v_proj"]),
        ("gpt2", ["c_attn"]),
        ("bert", ["query", "value"]),
    ],
)
def test_without_names_they_are_those_of_pefts_table(model_type: str, expected: list[str]) -> None:
    assert target_modules(small_model(model_type), None, []) == expected
    theirs = peft.get_peft_model(small_model(model_type), peft.LoraConfig())
    assert sorted(theirs.peft_config["default"].target_modules) == sorted(expected)


@pytest.mark.parametrize("targets", [["o_proj"], ["self_attn.q_proj"], ["up_proj", "k_proj"]])
def test_a_name_is_the_end_of_the_names_of_layers(targets: list[str]) -> None:
    assert target_modules(small_model("llama"), targets, []) == targets


@pytest.mark.parametrize(
    ("targets", "words"),
    [
        (["q_prj"], "q_prj, which is no linear layer of the body of LlamaForCausalLM. Did you"),
        (["q_proj", "query"], "targets names query, which is no linear layer"),
        (["self_attn"], "targets names self_attn, which is no linear layer"),
        (["proj"], "It has q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj."),
        (["norm"], "To train all weights, set groups.adapter=none."),
        (["lm_head"], "lm_head, which is the output layer"),
        (["embed_tokens"], "embed_tokens, which is no linear layer"),
    ],
    ids=str,
)
def test_a_name_that_is_no_layer_is_refused_with_near_ones(targets: list[str], words: str) -> None:
    with pytest.raises(ModelError) as raised:
        target_modules(small_model("llama"), targets, [])
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_type_that_peft_does_not_list_needs_names() -> None:
    with pytest.raises(ModelError, match=r"peft lists no layers for the model type vit\. Set it"):
        target_modules(vit(), None, ["classifier"])
    assert target_modules(vit(), ["fc1"], ["classifier"]) == ["fc1"]


def test_a_listed_model_without_the_listed_layers_is_refused() -> None:
    model = small_model("llama")
    for layer in model.model.layers:
        layer.self_attn = torch.nn.Linear(32, 32)
    with pytest.raises(ModelError, match=r"peft lists q_proj, v_proj .* has no such layer"):
        target_modules(model, None, [])


def test_a_layer_that_is_trained_whole_is_not_adapted() -> None:
    with pytest.raises(ModelError, match="classifier, which is no linear layer of the body"):
        target_modules(vit(), ["classifier"], ["classifier"])
