"""Size checks: a config that claims more than the weights hold is refused before it is built."""

import json
import resource
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as hf

from stillroom.errors import ModelError
from stillroom.models.pretrained.model_directory import load_model, require_loadable
from stillroom.models.pretrained.size_checks import (
    WeightSize,
    require_memory,
    require_plausible_config,
    weight_size,
)

SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "vocab_size": 40}
GIGABYTE = 2**30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    config = hf.LlamaConfig(num_hidden_layers=2, **SIZES)
    hf.LlamaForCausalLM(config).save_pretrained(tmp_path / "m")
    return tmp_path / "m"


def changed(folder: Path, **keys: Any) -> None:
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | keys))


def test_the_size_is_that_of_the_files(folder: Path) -> None:
    tensors = hf.LlamaForCausalLM.from_pretrained(folder).state_dict()
    expected = WeightSize(len(tensors), sum(one.numel() for one in tensors.values()))
    assert weight_size(folder) == expected


def of(model_type: str, architecture: str, **keys: Any) -> dict[str, Any]:
    return {"model_type": model_type, "architectures": [architecture]} | keys


@pytest.mark.parametrize(
    "keys",
    [
        {"num_hidden_layers": 10**9},
        {"num_hidden_layers": 1e30},
        {"hidden_size": 2**20, "intermediate_size": 2**22},
        {"vocab_size": 2**34},
        {"vocab_size": 10**18},
        {"num_labels": 10**9},
        of("mixtral", "MixtralForCausalLM", num_local_experts=10**8),
        of("gemma3_text", "Gemma3ForCausalLM", num_hidden_layers=10**9),
        of("gpt_neo", "GPTNeoForCausalLM", max_position_embeddings=10**7),
        of("qwen2", "Qwen2ForCausalLM", num_hidden_layers=10**7),
        of("gpt2", "GPT2LMHeadModel", n_layer=10**8),
        of("albert", "AlbertForMaskedLM", num_hidden_groups=10**9),
        of("albert", "AlbertForMaskedLM", inner_group_num=10**9),
        of("funnel", "FunnelForMaskedLM", block_sizes=[10**9, 4], d_model=16, n_head=2, d_head=8),
        of("xlm", "XLMWithLMHeadModel", n_layers=10**9),
        of(
            "gemma3",
            "Gemma3ForConditionalGeneration",
            text_config={"num_hidden_layers": 10**9},
        ),
    ],
)
def test_claims_beyond_the_weights_cost_neither_memory_nor_time(
    folder: Path, keys: dict[str, Any]
) -> None:
    changed(folder, **keys)
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, time.monotonic()
    with pytest.raises(ModelError, match=r"allow|cannot be used") as raised:
        require_loadable(folder)
        load_model(folder)
    assert "\n" not in str(raised.value)
    assert time.monotonic() - start < 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < GIGABYTE


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("key", ["num_hidden_layers", "num_experts", "num_labels", "rope_theta"])
def test_a_number_that_is_not_finite_is_named(key: str, number: str) -> None:
    document = json.loads(f'{{"{key}": {number}}}')
    with pytest.raises(ModelError, match=rf"m has {key} = .*, which is not finite"):
        require_plausible_config(document, WeightSize(10, 10), "m")


def test_the_limit_of_mamba_2_may_be_infinite() -> None:
    document = hf.Mamba2Config(num_heads=2, hidden_size=16, head_dim=16).to_dict()
    require_plausible_config(document, WeightSize(10, 10**6), "m")
    require_plausible_config(json.loads(json.dumps(document)), WeightSize(10, 10**6), "m")


def test_defaults_of_larger_models_are_no_claims(tmp_path: Path) -> None:
    sizes = SIZES | {"num_key_value_heads": 2, "num_hidden_layers": 1}
    hf.Qwen2ForCausalLM(hf.Qwen2Config(**sizes, max_window_layers=28)).save_pretrained(tmp_path)
    load_model(tmp_path)
    bert = hf.BertConfig(num_hidden_layers=1, chunk_size_feed_forward=0, block_size=4096, **SIZES)
    hf.BertForMaskedLM(bert).save_pretrained(tmp_path / "b")
    load_model(tmp_path / "b")


def test_shared_layers_may_be_more_than_the_tensors(tmp_path: Path) -> None:
    config = hf.AlbertConfig(num_hidden_layers=60, embedding_size=8, **SIZES)
    hf.AlbertForMaskedLM(config).save_pretrained(tmp_path)
    assert weight_size(tmp_path).tensors < 60
    load_model(tmp_path)


def test_a_file_of_holes_is_refused_before_it_is_read(folder: Path) -> None:
    name, size = "a", 5 * GIGABYTE
    header = json.dumps({name: {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}})
    with (folder / "model.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header.encode())
        file.truncate(8 + len(header) + size)
    with pytest.raises(ModelError, match="the rest are holes, which read as zeros"):
        require_loadable(folder)


def test_a_model_beyond_the_memory_is_refused() -> None:
    with torch.device("meta"):
        model = torch.nn.Linear(2**20, 2**22)
    with pytest.raises(ModelError, match=r"needs 17,592 GB of memory.*teacher\.dtype=bfloat16"):
        require_memory(model, 4, "m")  # type: ignore[arg-type]
