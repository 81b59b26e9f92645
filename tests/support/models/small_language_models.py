"""Small language models of many architectures, with random weights, and packs for them."""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
import transformers
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from stillroom.data.text.token_layout import NO_TOKEN
from stillroom.no_label import NO_LABEL

VOCABULARY, LENGTH = 60, 32
_BASE = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
_BASE |= {"intermediate_size": 48, "vocab_size": VOCABULARY, "pad_token_id": 1}
_GROUPED = _BASE | {"num_key_value_heads": 1, "head_dim": 16}
_GPT = {"n_embd": 32, "n_layer": 2, "n_head": 2, "vocab_size": VOCABULARY}
_ALIBI = {"hidden_size": 32, "n_layer": 2, "n_head": 2, "vocab_size": VOCABULARY}
_TABLE = _BASE | {"max_position_embeddings": 40}

# Decoders that keep the pieces of a pack apart, then those that do not; encoders likewise.
APART: dict[str, dict[str, Any]] = {
    "gpt2": _GPT,
    "llama": _GROUPED,
    "gemma3_text": _GROUPED
    | {"sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"]},
    "gpt_neox": _BASE,
    "qwen2": _BASE | {"num_key_value_heads": 1},
    "mixtral": _BASE | {"num_key_value_heads": 1, "num_local_experts": 4},
    "gptj": _GPT | {"rotary_dim": 8},
}
LEAKS: dict[str, dict[str, Any]] = {
    "opt": _BASE | {"ffn_dim": 48, "word_embed_proj_dim": 32, "dropout": 0.0},
    "bloom": _ALIBI,
    "falcon": _BASE | {"alibi": True},
    "mpt": {"d_model": 32, "n_heads": 2, "n_layers": 2, "vocab_size": VOCABULARY}
    | {"max_seq_len": 64, "expansion_ratio": 2},
    "mamba": _BASE | {"state_size": 4},
    "mamba2": _BASE
    | {"num_heads": 4, "head_dim": 16, "state_size": 8, "n_groups": 1}
    | {"chunk_size": 8},
    "rwkv": {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": VOCABULARY}
    | {"attention_hidden_size": 32, "intermediate_size": 64, "context_length": 64},
    "recurrent_gemma": _BASE
    | {"num_hidden_layers": 3, "lru_width": 32, "head_dim": 16}
    | {"attention_window_size": 8},
    "lfm2": _GROUPED | {"layer_types": ["conv", "full_attention"], "block_ff_dim": 48},
    "biogpt": _BASE,
}
APART_MASKED: dict[str, dict[str, Any]] = {
    "bert": _BASE,
    "roberta": _TABLE,
    "mpnet": _TABLE,
    "electra": _BASE | {"embedding_size": 32},
    "eurobert": _BASE | {"num_key_value_heads": 2, "mask_token_id": 4},
}
LEAKS_MASKED: dict[str, dict[str, Any]] = {
    "deberta-v2": _BASE,
    "esm": _TABLE | {"mask_token_id": 4},
    "longformer": _TABLE | {"attention_window": 4},
    "convbert": _BASE | {"embedding_size": 32, "conv_kernel_size": 3, "head_ratio": 1},
    "modernbert": _BASE | {"local_attention": 8, "global_attn_every_n_layers": 2}
    | {"cls_token_id": 2, "sep_token_id": 3},
    "fnet": _BASE,
}  # fmt: skip


def small_model(model_type: str) -> Any:
    """Return a model of an architecture, in evaluation mode."""
    known = APART | LEAKS | APART_MASKED | LEAKS_MASKED
    config = CONFIG_MAPPING[model_type](**known[model_type])
    is_masked = model_type in APART_MASKED | LEAKS_MASKED
    task = "MaskedLM" if is_masked else "CausalLM"
    automatic = getattr(transformers, f"AutoModelFor{task}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return automatic.from_config(config).eval()


def packs(*rows: list[int], is_masked: bool = False) -> np.ndarray:
    """Return [N, 3, LENGTH] for the lengths of the pieces of each row, with made-up tokens.

    The labels are the next tokens, or every third token.
    """
    random = np.random.default_rng(0)
    sequences = np.full((len(rows), 3, LENGTH), NO_TOKEN, np.int32)
    for sequence, lengths in zip(sequences, rows, strict=True):
        start = 0
        for length in lengths:
            piece = sequence[:, start : start + length]
            piece[0] = random.integers(5, VOCABULARY, length)
            piece[1] = np.arange(length)
            piece[2] = NO_LABEL
            if is_masked:
                piece[2, ::3] = piece[0, ::3]
            else:
                piece[2, :-1] = piece[0, 1:]
            start += length
    return sequences


def logits_alone(model: Any, sequences: np.ndarray) -> list[torch.Tensor]:
    """Return the logits at the labelled positions of each row; each piece has a call of its own."""
    each = []
    for tokens, positions, labels in torch.from_numpy(sequences):
        starts = [*np.flatnonzero(positions.numpy() == 0), int((tokens >= 0).sum())]
        answers = []
        for start, end in pairwise(starts):
            piece = slice(start, end)
            logits = model(input_ids=tokens[None, piece].long()).logits[0]
            answers.append(logits[labels[piece] >= 0])
        each.append(torch.cat(answers))
    return each
