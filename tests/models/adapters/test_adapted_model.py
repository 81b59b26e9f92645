"""Adapted models on disk: the merged one answers alike, and peft opens the adapter on the base."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from support.examples.text_examples import ENCODER
from support.models.small_language_models import packs, small_model

from stillroom.config.schema import Adapter
from stillroom.models.adapters.adapted_model import merged_weights, save_adapted
from stillroom.models.adapters.adapter_folder import FOLDER
from stillroom.models.adapters.add_adapter import add_adapter
from stillroom.models.forward.hidden_states import logits_only

peft = pytest.importorskip("peft", reason="pip install 'stillroom[adapters]'")

SIZES = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
BERT = SIZES | {"intermediate_size": 24, "vocab_size": 60, "pad_token_id": 0, "num_labels": 3}


def lora(targets: list[str] | None = None) -> Adapter:
    return Adapter(kind="lora", rank=4, alpha=8, dropout=0.1, targets=targets)


def moved(model: Any) -> Any:
    """Change all trained weights, as a training does; return the model."""
    draws = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for one in model.parameters():
            if one.requires_grad:
                one += 0.2 * torch.randn(one.shape, generator=draws)
    return model.eval()


def classifier(architecture: str, settings: dict[str, Any]) -> Any:
    kind = getattr(transformers, architecture)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return kind(kind.config_class(**settings)).eval()


VIT = SIZES | {"intermediate_size": 24, "image_size": 16, "patch_size": 8, "num_labels": 3}
CONVNEXT = {"hidden_sizes": [6, 8], "depths": [1, 1], "num_stages": 2, "num_labels": 3}


@pytest.mark.parametrize(
    ("architecture", "settings", "targets", "inputs"),
    [
        ("BertForSequenceClassification", BERT, None, "tokens"),
        ("LlamaForSequenceClassification", BERT, ["up_proj", "down_proj"], "tokens"),
        ("ViTForImageClassification", VIT, ["q_proj", "fc1", "projection"], "image"),
        ("ConvNextForImageClassification", CONVNEXT, ["pwconv1"], "image"),
    ],
)
def test_a_classifier_is_merged_with_its_head(
    architecture: str,
    settings: dict[str, Any],
    targets: list[str] | None,
    inputs: str,
    tmp_path: Path,
) -> None:
    base = classifier(architecture, settings)
    base.save_pretrained(tmp_path / "base")
    add_adapter(base, lora(targets), seed=0)
    moved(base)
    given = torch.arange(3, 13).view(2, 5) if inputs == "tokens" else torch.rand(2, 3, 16, 16)
    save_adapted(base, ENCODER, tmp_path / "out")
    opened = type(base).from_pretrained(tmp_path / "base")
    theirs = peft.PeftModel.from_pretrained(opened, tmp_path / "out" / FOLDER).eval()
    with torch.no_grad():
        expected = base(given).logits
        merged = type(base).from_pretrained(tmp_path / "out").eval()
        torch.testing.assert_close(merged(given).logits, expected, atol=1e-5, rtol=0)
        torch.testing.assert_close(theirs(given).logits, expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("model_type", ["llama", "gemma3_text", "gpt2", "mixtral", "bert"])
def test_a_language_model_is_merged_without_a_change_of_the_live_one(
    model_type: str, tmp_path: Path
) -> None:
    model, inputs = small_model(model_type), packs([32], [20, 9], is_masked=model_type == "bert")
    add_adapter(model, lora(), seed=0)
    moved(model)
    before = {name: one.clone() for name, one in model.state_dict().items()}
    save_adapted(model, ENCODER, tmp_path)
    assert all(torch.equal(one, before[name]) for name, one in model.state_dict().items())
    merged = type(model).from_pretrained(tmp_path).eval()
    rows = torch.from_numpy(inputs)
    with torch.no_grad():
        expected = logits_only(model, rows)[0]
        torch.testing.assert_close(logits_only(merged, rows)[0], expected, atol=1e-5, rtol=0)


def test_a_merged_weight_is_the_sum_written_in_the_paper() -> None:
    model = small_model("llama")
    before = {name: one.clone() for name, one in model.state_dict().items()}
    add_adapter(model, lora(), seed=0)
    moved(model)
    layer, name = model.model.layers[1].self_attn.v_proj, "model.layers.1.self_attn.v_proj.weight"
    product = layer.lora_B["default"].weight @ layer.lora_A["default"].weight
    merged = merged_weights(model)
    torch.testing.assert_close(merged[name], before[name] + 8 / 4 * product)
    assert merged.keys() == before.keys()


def test_the_folder_has_pefts_names_and_no_path_of_this_machine(tmp_path: Path) -> None:
    model = small_model("llama")
    model.config.name_or_path = str(tmp_path / "base")
    add_adapter(model, lora(), seed=0)
    save_adapted(model, ENCODER, tmp_path / "first")
    save_adapted(model, ENCODER, tmp_path / "second")
    folder = tmp_path / "first" / FOLDER
    files = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert sorted(files) == ["adapter_config.json", "adapter_model.safetensors"]
    again = tmp_path / "second" / FOLDER
    assert files == {file.name: file.read_bytes() for file in again.iterdir()}
    config = json.loads(files["adapter_config.json"])
    assert config["base_model_name_or_path"] is None
    assert (config["r"], config["lora_alpha"], config["lora_dropout"]) == (4, 8, 0.1)
    assert config["target_modules"] == ["q_proj", "v_proj"]
    assert str(tmp_path) not in json.dumps(config)
