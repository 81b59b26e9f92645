"""A small GGUF file of a Llama model, as llama.cpp's own writer makes it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import gguf
import numpy as np

from stillroom.data.text.tokenizer import Tokenizer

WIDTH, INNER, LAYERS, HEADS, LENGTH = 64, 96, 2, 2, 64


def write_gguf(
    path: Path,
    tokenizer: Tokenizer,
    kind: gguf.GGMLQuantizationType,
    *,
    change: Callable[[dict[str, Any]], object] = lambda weights: None,
    blocks: int = LAYERS,
    split: int = 0,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """Write a model of random weights in one type of number; return the weights by name.

    Args:
        path: the file.
        tokenizer: its tokenizer.
        kind: the type of number.
        change: changes the weights in place before they are written.
        blocks: how many blocks the metadata count.
        split: the most tensors in a part; 0 writes one file.
        more: metadata that are added or replaced; None removes the key.
    """
    writer = gguf.GGUFWriter(path, "llama", split_max_tensors=split)
    writer.add_block_count(blocks)
    writer.add_context_length(LENGTH)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    _add_tokenizer(writer, tokenizer)
    for key, value in more.items():
        writer.kv_data[0].pop(key, None)
        if value is not None:
            writer.add_key_value(key, value, gguf.GGUFValueType.get_type(value))
    weights = _weights(tokenizer.size)
    change(weights)
    for name, values in weights.items():
        if values.ndim == 1:
            writer.add_tensor(name, values)
        else:
            writer.add_tensor(name, gguf.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return weights


def _add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    model = json.loads(tokenizer.definition)["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    special = set(tokenizer.special_ids)
    end = tokenizer.end
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(tokens)
    writer.add_token_merges([" ".join(pair) for pair in model["merges"]])
    writer.add_token_types(
        [
            int(gguf.TokenType.CONTROL if at in special else gguf.TokenType.NORMAL)
            for at in range(len(tokens))
        ]
    )
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)


def _weights(vocabulary: int) -> dict[str, Any]:
    draws = np.random.default_rng(0)

    def drawn(*shape: int) -> Any:
        return (draws.standard_normal(shape) * 0.2).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    weights = {"token_embd.weight": drawn(vocabulary, WIDTH), "output_norm.weight": ones}
    for layer in range(LAYERS):
        name = f"blk.{layer}."
        weights |= {f"{name}attn_norm.weight": ones, f"{name}ffn_norm.weight": ones}
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            weights[f"{name}{part}.weight"] = drawn(WIDTH, WIDTH)
        weights[f"{name}ffn_gate.weight"] = drawn(INNER, WIDTH)
        weights[f"{name}ffn_up.weight"] = drawn(INNER, WIDTH)
        weights[f"{name}ffn_down.weight"] = drawn(WIDTH, INNER)
    return weights | {"output.weight": drawn(vocabulary, WIDTH)}
