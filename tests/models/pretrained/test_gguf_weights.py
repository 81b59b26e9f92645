"""GGUF files: the written weights are those of the file, to its precision."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGMLQuantizationType, dequantize, quantize
from support.examples.corpus_examples import sentences
from support.models.gguf_file import write_gguf

from stillroom.data.text.train_tokenizer import train_tokenizer
from stillroom.errors import ModelError
from stillroom.models.pretrained.gguf_weights import convert_gguf, gguf_config
from stillroom.models.pretrained.model_directory import load_model

TOKENIZER = train_tokenizer(sentences(40), 300)
KINDS = [GGMLQuantizationType.F32, GGMLQuantizationType.Q8_0]
THEIRS = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output.weight": "lm_head.weight",
    "blk.1.ffn_down.weight": "model.layers.1.mlp.down_proj.weight",
    "blk.0.attn_v.weight": "model.layers.0.self_attn.v_proj.weight",
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_weights_are_those_of_the_file(tmp_path: Path, kind: Any) -> None:
    weights = write_gguf(tmp_path / "m.gguf", TOKENIZER, kind)
    convert_gguf(tmp_path / "m.gguf", tmp_path / "made", "float32")
    state = load_model(tmp_path / "made").state_dict()
    for ours, theirs in THEIRS.items():
        expected = dequantize(quantize(weights[ours], kind), kind)
        np.testing.assert_array_equal(state[theirs].numpy(), expected)
    step = 2 * 0.2 * 4 / 127  # eight bits over a block's maximum, which is about four deviations
    assert np.abs(expected - weights[ours]).max() < step


def test_half_precision_is_what_is_written(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, GGMLQuantizationType.F32)
    convert_gguf(tmp_path / "m.gguf", tmp_path / "made", "bfloat16")
    config = (tmp_path / "made" / "config.json").read_text()
    assert '"dtype": "bfloat16"' in config
    assert "quantization_config" not in config
    assert {one.dtype for one in load_model(tmp_path / "made").parameters()} == {torch.float32}


def test_a_damaged_file_is_one_error_and_writes_nothing(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, GGMLQuantizationType.F32)
    content = (tmp_path / "m.gguf").read_bytes()
    (tmp_path / "m.gguf").write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match=r"m\.gguf is damaged") as raised:
        convert_gguf(tmp_path / "m.gguf", tmp_path / "made", "float32")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "made").exists()


def test_a_length_beyond_the_weights_is_refused_before_a_model_is_built(tmp_path: Path) -> None:
    write_gguf(tmp_path / "m.gguf", TOKENIZER, KINDS[0], more={"llama.context_length": [2**31 - 1]})
    with pytest.raises(ModelError, match=r"max_position_embeddings = 2,147,483,647, but weights"):
        gguf_config(tmp_path / "m.gguf")
    with pytest.raises(ModelError, match=r"max_position_embeddings = 2,147,483,647, but weights"):
        convert_gguf(tmp_path / "m.gguf", tmp_path / "made", "float32")


def state(folder: Path) -> dict[str, torch.Tensor]:
    return load_model(folder).state_dict()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("given", [1, 2, 3])
def test_all_parts_of_a_file_are_read_from_any_of_them(
    tmp_path: Path, kind: Any, given: int
) -> None:
    write_gguf(tmp_path / "whole.gguf", TOKENIZER, kind)
    write_gguf(tmp_path / "m.gguf", TOKENIZER, kind, split=9)
    parts = sorted(tmp_path.glob("m-*.gguf"))
    assert [part.name for part in parts] == [f"m-0000{n}-of-00003.gguf" for n in (1, 2, 3)]
    convert_gguf(tmp_path / "whole.gguf", tmp_path / "a", "float32")
    convert_gguf(parts[given - 1], tmp_path / "b", "float32")
    first, second = state(tmp_path / "a"), state(tmp_path / "b")
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert [path.name for path in tmp_path.glob(".gguf-*")] == []


def test_a_tied_output_layer_may_be_missing_and_no_other_tensor(tmp_path: Path) -> None:
    def without(name: str) -> Any:
        return lambda weights: weights.pop(name)

    tied = tmp_path / "tied.gguf"
    weights = write_gguf(tied, TOKENIZER, KINDS[0], change=without("output.weight"))
    convert_gguf(tied, tmp_path / "tied", "float32")
    head = state(tmp_path / "tied")["lm_head.weight"].numpy()
    np.testing.assert_array_equal(head, weights["token_embd.weight"])
    for name in ("blk.1.ffn_up.weight", "output_norm.weight", "token_embd.weight"):
        write_gguf(tmp_path / "m.gguf", TOKENIZER, KINDS[0], change=without(name))
        with pytest.raises(ModelError, match=r"missing keys model\."):
            convert_gguf(tmp_path / "m.gguf", tmp_path / "made", "float32")
    assert not (tmp_path / "made").exists()


def test_a_file_in_the_current_folder_is_not_read_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, given = tmp_path / "here", tmp_path / "given"
    here.mkdir()
    given.mkdir()
    write_gguf(given / "model.gguf", TOKENIZER, KINDS[0])
    expected = write_gguf(given / "m.gguf", TOKENIZER, KINDS[0], change=doubled)
    write_gguf(here / "model.gguf", TOKENIZER, KINDS[0])
    write_gguf(here / "m.gguf", TOKENIZER, KINDS[0])
    monkeypatch.chdir(here)
    convert_gguf(given / "m.gguf", tmp_path / "made", "float32")
    np.testing.assert_array_equal(
        state(tmp_path / "made")["lm_head.weight"].numpy(), expected["output.weight"]
    )


def doubled(weights: dict[str, Any]) -> None:
    weights["output.weight"] = weights["output.weight"] * 2


@pytest.mark.parametrize("key", ["embedding_length", "feed_forward_length", "vocab_size"])
def test_sizes_beyond_the_weights_are_refused_before_anything_is_built(
    tmp_path: Path, key: str
) -> None:
    file = tmp_path / "m.gguf"
    write_gguf(file, TOKENIZER, KINDS[0])
    data = bytearray(file.read_bytes())
    at = data.index(f"llama.{key}".encode()) + len(f"llama.{key}") + 4  # behind the value's type
    data[at : at + 4] = (2**31 - 64).to_bytes(4, "little")
    file.write_bytes(data)
    with pytest.raises(ModelError, match=r"parameters, but weights of 21 tensors|cannot be used"):
        convert_gguf(file, tmp_path / "made", "float32")
