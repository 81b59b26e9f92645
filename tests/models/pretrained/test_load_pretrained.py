"""Loading: the tensors of the hashed files, as transformers loads them, and no others."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import BertConfig, GPT2Config, GPT2LMHeadModel, LlamaConfig

from stillroom.errors import ModelError
from stillroom.models.pretrained.load_pretrained import load_pretrained, require_all_weights
from stillroom.models.pretrained.model_directory import load_model
from stillroom.models.pretrained.safetensors_files import weights_hash

LLAMA = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "vocab_size": 40}
BERT = LLAMA | {"num_hidden_layers": 1, "max_position_embeddings": 20}
MODELS = [
    ("AutoModelForCausalLM", LlamaConfig(num_hidden_layers=2, tie_word_embeddings=True, **LLAMA)),
    ("AutoModelForCausalLM", GPT2Config(n_embd=8, n_layer=1, n_head=2, vocab_size=20)),
    ("AutoModelForMaskedLM", BertConfig(**BERT)),
    ("AutoModelForSequenceClassification", BertConfig(num_labels=3, **BERT)),
    ("AutoModel", BertConfig(**BERT)),
]


def saved(automatic: str, config: Any, folder: Path, **how: Any) -> Path:
    torch.manual_seed(0)
    getattr(transformers, automatic).from_config(config).save_pretrained(folder, **how)
    return folder


@pytest.mark.parametrize("shards", [{}, {"max_shard_size": "2KB"}], ids=["one", "shards"])
@pytest.mark.parametrize(("automatic", "config"), MODELS)
def test_a_model_is_what_transformers_loads(
    tmp_path: Path, automatic: str, config: Any, shards: dict[str, Any]
) -> None:
    folder = saved(automatic, config, tmp_path / "m", **shards)
    model, info = load_pretrained(automatic, folder, "float32")
    require_all_weights("m", model, info)
    theirs = getattr(transformers, automatic).from_pretrained(folder, dtype=torch.float32)
    assert type(model) is type(theirs)
    ours, expected = model.state_dict(), theirs.state_dict()
    assert list(ours) == list(expected)
    assert all(torch.equal(ours[name], expected[name]) for name in expected)
    for name, written in (("a", model), ("b", theirs)):
        written.save_pretrained(tmp_path / name)
    assert (tmp_path / "a/config.json").read_bytes() == (tmp_path / "b/config.json").read_bytes()


def test_files_beside_the_weights_are_never_opened(tmp_path: Path) -> None:
    folder = saved(*MODELS[0], tmp_path / "m")
    before, expected = weights_hash(folder), load_model(folder).state_dict()
    decoy = {
        name: torch.ones_like(one) for name, one in load_file(folder / "model.safetensors").items()
    }
    save_file(decoy, folder / "decoy.safetensors", metadata={"format": "pt"})
    index = {"weight_map": dict.fromkeys(decoy, "decoy.safetensors")}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    torch.save(decoy, folder / "pytorch_model.bin")
    (folder / ".metadata").write_bytes(b"a pickle of a distributed checkpoint")
    (folder / "adapter_model.bin").write_bytes(b"a pickle")
    loaded = load_model(folder).state_dict()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)
    assert weights_hash(folder) == before


def test_a_tensor_in_two_files_is_refused(tmp_path: Path) -> None:
    folder = saved(*MODELS[0], tmp_path / "m", max_shard_size="2KB")
    first, second, *_ = sorted(folder.glob("model-*.safetensors"))
    both = load_file(first) | load_file(second)
    save_file(both, second, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="and another file of the model hold a tensor"):
        load_model(folder)


def test_only_the_tied_output_layer_may_be_missing(tmp_path: Path) -> None:
    folder = saved(*MODELS[0], tmp_path / "m")
    assert "lm_head.weight" not in load_file(folder / "model.safetensors")
    load_model(folder)
    config = json.loads((folder / "config.json").read_text()) | {"tie_word_embeddings": False}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=r"missing keys lm_head\.weight"):
        load_model(folder)


@pytest.mark.parametrize(
    "name", ["model.embed_tokens.weight", "model.norm.weight", "model.layers.1.mlp.up_proj.weight"]
)
def test_each_missing_tensor_is_named(tmp_path: Path, name: str) -> None:
    folder = saved(*MODELS[0], tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    del weights[name]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=rf"missing keys .*{name}"):
        load_model(folder)


def test_a_tensor_of_another_shape_is_one_error(tmp_path: Path) -> None:
    folder = saved(*MODELS[0], tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"] = torch.ones(17)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError) as raised:
        load_model(folder)
    assert "\n" not in str(raised.value)


def test_the_random_numbers_of_the_caller_do_not_move(tmp_path: Path) -> None:
    folder = saved(*MODELS[1], tmp_path / "m")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_model(folder)
    assert torch.equal(torch.rand(3), expected)


def test_the_generation_config_beside_the_model_is_used(tmp_path: Path) -> None:
    folder = saved(*MODELS[1], tmp_path / "m")
    document = {"repetition_penalty": 1.5, "eos_token_id": 7}
    (folder / "generation_config.json").write_text(json.dumps(document))
    ours, theirs = load_model(folder), GPT2LMHeadModel.from_pretrained(folder)
    assert ours.generation_config.repetition_penalty == 1.5
    assert ours.generation_config.to_dict() == theirs.generation_config.to_dict()
    (folder / "generation_config.json").write_text("{")
    with pytest.raises(ModelError, match=r"generation_config\.json cannot be used"):
        load_model(folder)
    shutil.rmtree(folder)
