"""Weights on disk: one file or several, all of them hashed, none of them a pickle."""

import json
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from stillroom.errors import DataError, ModelError
from stillroom.models.pretrained.model_directory import load_model
from stillroom.models.pretrained.safetensors_files import require_intact, weight_files, weights_hash

SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "vocab_size": 40}


@pytest.fixture
def model() -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(num_hidden_layers=2, **SIZES))


@pytest.fixture
def sharded(model: LlamaForCausalLM, tmp_path: Path) -> Path:
    model.save_pretrained(tmp_path / "sharded", max_shard_size="5KB")
    return tmp_path / "sharded"


def test_a_model_in_several_files_is_the_same_model(model: LlamaForCausalLM, sharded: Path) -> None:
    assert len(weight_files(sharded)) > 1
    ids = torch.arange(12)[None]
    with torch.no_grad():
        assert torch.equal(load_model(sharded)(input_ids=ids).logits, model(input_ids=ids).logits)


def test_the_hash_is_of_every_file(sharded: Path) -> None:
    before, last = weights_hash(sharded), weight_files(sharded)[-1]
    last.write_bytes(last.read_bytes()[:-1] + b"\x00")
    assert weights_hash(sharded) != before


def test_a_missing_file_of_several_is_named(sharded: Path) -> None:
    lost = weight_files(sharded)[0]
    lost.unlink()
    with pytest.raises(ModelError, match=rf"{lost.name} does not exist, but model\.safetensors"):
        weight_files(sharded)


@pytest.mark.parametrize("name", ["../../secret.safetensors", "/etc/passwd", "weights.bin"])
def test_an_index_names_files_beside_it_alone(sharded: Path, name: str) -> None:
    index = {"weight_map": {"lm_head.weight": name}}
    (sharded / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="safetensors files in the folder of the index"):
        weight_files(sharded)


def test_an_index_of_nothing_is_refused(sharded: Path) -> None:
    (sharded / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(DataError, match="lists no file"):
        weight_files(sharded)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.pth"])
def test_pickles_are_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ModelError, match=f"{name} is a pickle: convert it to safetensors"):
        weight_files(tmp_path)


@pytest.mark.parametrize("left", [0, 7, 100, -1])
def test_weights_that_are_cut_short_are_named(
    model: LlamaForCausalLM, tmp_path: Path, left: int
) -> None:
    model.save_pretrained(tmp_path)
    (file,) = weight_files(tmp_path)
    require_intact(tmp_path)
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(ModelError, match=r"model\.safetensors is damaged"):
        require_intact(tmp_path)
