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
from stillroom.models.pretrained.gguf_weights import convert_gguf
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
    with pytest.raises(ModelError, match=r"m\.gguf cannot be loaded") as raised:
        convert_gguf(tmp_path / "m.gguf", tmp_path / "made", "float32")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "made").exists()
