"""The config of a model: no key of it leads to a file that nobody hashed."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from stillroom.errors import DataError, ModelError
from stillroom.models.pretrained.config_file import LARGEST, read_config
from stillroom.models.pretrained.model_directory import load_model, require_loadable

SIZES = {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 16, "vocab_size": 20}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    GPT2LMHeadModel(GPT2Config(**SIZES)).save_pretrained(tmp_path / "m")
    return tmp_path / "m"


def changed(folder: Path, **keys: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | keys))


@pytest.mark.parametrize(
    "keys",
    [
        {"transformers_weights": "decoy.safetensors"},
        {"transformers_weights": "model.safetensors.index.json"},
        {"transformers_weights": "adapter_model.bin"},
        {"text_config": {"transformers_weights": "../../decoy.safetensors"}},
        {"parts": [{"transformers_weights": "/etc/decoy.safetensors"}]},
        {"configuration_files": ["config.json", "config.4.0.0.json"]},
    ],
    ids=["file", "index", "pickle", "nested", "list", "config"],
)
def test_keys_that_name_other_files_are_refused(folder: Path, keys: dict[str, Any]) -> None:
    changed(folder, **keys)
    for reader in (read_config, require_loadable, load_model):
        with pytest.raises(ModelError, match=r"Remove the key, and keep the files") as raised:
            reader(folder)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "keys",
    [
        {"attn_implementation": "someone/kernels"},
        {"_attn_implementation": "flash_attention_2"},
        {"attn_implementation": {"text_config": "someone/kernels:attention"}},
        {"experts_implementation": "kernels-community/moe"},
        {"text_config": {"_attn_implementation_internal": None, "attn_implementation": "a/b@v1"}},
    ],
)
def test_compiled_code_of_the_hub_is_refused(folder: Path, keys: dict[str, Any]) -> None:
    changed(folder, **keys)
    with pytest.raises(ModelError, match=r"compiled code from the Hub\. Remove the key"):
        load_model(folder)


def test_built_in_implementations_are_allowed(folder: Path) -> None:
    changed(folder, attn_implementation="eager", transformers_weights=None)
    assert load_model(folder).config._attn_implementation == "eager"


def test_a_config_of_timm_that_lies_elsewhere_is_refused(folder: Path) -> None:
    changed(folder, architecture="hf-hub:someone/model")
    with pytest.raises(ModelError, match="which lies elsewhere"):
        read_config(folder)


def test_a_config_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / "config.json").open("ab") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(DataError, match="more than 16,777,216 bytes"):
        read_config(folder)


def test_an_adapter_beside_the_model_is_refused(folder: Path) -> None:
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"Merge it into the model .*, or remove the file"):
        load_model(folder)


@pytest.mark.parametrize("model_type", [[], {"a": 1}, None, 3])
def test_a_type_that_is_no_name_is_one_error(folder: Path, model_type: Any) -> None:
    changed(folder, model_type=model_type, auto_map={"AutoConfig": "theirs.Config"})
    with pytest.raises(ModelError, match="auto_map") as raised:
        require_loadable(folder)
    assert "\n" not in str(raised.value)
