"""Checkpoints of llama2.c: one file in, a Llama model out.

    7 x int32 sizes, float32 tensors one after the other ──> LlamaForCausalLM

The order is: the embedding; for all layers the norms before attention, then wq, wk, wv, wo, the
norms before the feed-forward, w1, w2, w3; the last norm; two tables of angles, which follow from
the sizes; the output layer, unless it is the embedding.
"""

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import ModelError
from stillroom.teachers.llama2c.source_file import read_beginning, require_regular_file

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM

HEADER = struct.Struct("<7i")
END_OF_TEXT = 1  # the token between two texts: llama2.c stops at the beginning of the next text
EPSILON, THETA = 1e-5, 10000.0  # constants of run.c
MAX_NUMBERS = 2**31

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """The sizes in the header.

    Attributes:
        is_tied: whether the output layer is the embedding; a negative vocabulary in the header
            means that it is not.
    """

    width: int
    inner: int
    layers: int
    heads: int
    key_heads: int
    vocabulary: int
    length: int
    is_tied: bool

    @property
    def head(self) -> int:
        """The width of one head."""
        return self.width // self.heads

    @property
    def keys(self) -> int:
        """The width of all heads of keys."""
        return self.head * self.key_heads


def read_checkpoint(path: Path) -> "LlamaForCausalLM":
    """Read a model, in float32 and evaluation mode.

    Raises:
        ModelError: the file is missing, is not a checkpoint of llama2.c, or is truncated.
    """
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes, numbers = _read(path)
    config = LlamaConfig(
        vocab_size=sizes.vocabulary,
        hidden_size=sizes.width,
        intermediate_size=sizes.inner,
        num_hidden_layers=sizes.layers,
        num_attention_heads=sizes.heads,
        num_key_value_heads=sizes.key_heads,
        max_position_embeddings=sizes.length,
        rms_norm_eps=EPSILON,
        rope_parameters={"rope_type": "default", "rope_theta": THETA},
        tie_word_embeddings=sizes.is_tied,
        bos_token_id=END_OF_TEXT,
        eos_token_id=END_OF_TEXT,
    )
    model = LlamaForCausalLM(config)
    tensors = {name: torch.from_numpy(value) for name, value in _tensors(sizes, numbers).items()}
    model.load_state_dict(tensors)
    return model.eval()


def _read(path: Path) -> tuple[Sizes, Floats]:
    """Return the sizes and all numbers, after a check that the sizes need exactly as many."""
    size, whole = require_regular_file(path), read_beginning(path, HEADER.size)
    width, inner, layers, heads, key_heads, vocabulary, length = HEADER.unpack(
        whole.ljust(HEADER.size, b"\0")
    )
    if min(width, inner, layers, heads, key_heads, length, abs(vocabulary)) <= 0:
        raise ModelError(f"{path} is not a checkpoint of llama2.c, version 1: a size is 0 or less.")
    sizes = Sizes(
        width=width,
        inner=inner,
        layers=layers,
        heads=heads,
        key_heads=key_heads,
        vocabulary=abs(vocabulary),
        length=length,
        is_tied=vocabulary > 0,
    )
    wanted = sum(prod(shape) for _, shape in _shapes(sizes))
    if width % heads or heads % key_heads or wanted > MAX_NUMBERS:
        raise ModelError(
            f"{path} is not a checkpoint of llama2.c, version 1: a width of {width} with {heads} "
            f"heads and {layers} layers is impossible."
        )
    if size != HEADER.size + 4 * wanted:
        raise ModelError(
            f"{path} has {size:,} bytes, but its sizes need {HEADER.size + 4 * wanted:,}. "
            "Download it again. Only version 1 of the format is supported."
        )
    content = read_beginning(path, size)
    numbers = np.frombuffer(content, dtype="<f4", offset=HEADER.size)
    if not np.isfinite(numbers).all():
        raise ModelError(f"{path} holds NaN or infinity. Download it again.")
    return sizes, numbers


def _shapes(sizes: Sizes) -> list[tuple[str, tuple[int, ...]]]:
    """Return the name and the shape of each tensor, in the order of the file."""
    n, d, f, k = sizes.layers, sizes.width, sizes.inner, sizes.keys
    angles = (sizes.length, sizes.head // 2)
    shapes: list[tuple[str, tuple[int, ...]]] = [
        ("model.embed_tokens", (sizes.vocabulary, d)),
        ("input_layernorm", (n, d)),
        ("self_attn.q_proj", (n, d, d)),
        ("self_attn.k_proj", (n, k, d)),
        ("self_attn.v_proj", (n, k, d)),
        ("self_attn.o_proj", (n, d, d)),
        ("post_attention_layernorm", (n, d)),
        ("mlp.gate_proj", (n, f, d)),
        ("mlp.down_proj", (n, d, f)),
        ("mlp.up_proj", (n, f, d)),
        ("model.norm", (d,)),
        ("cosines", angles),
        ("sines", angles),
    ]
    return shapes if sizes.is_tied else [*shapes, ("lm_head", (sizes.vocabulary, d))]


def _tensors(sizes: Sizes, numbers: Floats) -> dict[str, Floats]:
    """Return the tensors under the names that transformers gives them."""
    tensors: dict[str, Floats] = {}
    start = 0
    for name, shape in _shapes(sizes):
        end = start + prod(shape)
        values, start = numbers[start:end].reshape(shape).copy(), end
        if name in ("model.embed_tokens", "model.norm", "lm_head"):
            tensors[f"{name}.weight"] = values
        elif name not in ("cosines", "sines"):
            for layer, own in enumerate(values):
                tensors[f"model.layers.{layer}.{name}.weight"] = _rotated(own, name, sizes)
    if sizes.is_tied:
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    return tensors


def _rotated(values: Floats, name: str, sizes: Sizes) -> Any:
    """Return the weights; rows of queries and keys are in the order that transformers rotates.

    llama2.c rotates neighbouring rows: 0 with 1, and 2 with 3. transformers rotates each row of the
    first half of a head with its partner in the second half.
    """
    if name not in ("self_attn.q_proj", "self_attn.k_proj"):
        return values
    heads = len(values) // sizes.head
    pairs = values.reshape(heads, sizes.head // 2, 2, sizes.width)
    return np.ascontiguousarray(pairs.transpose(0, 2, 1, 3).reshape(values.shape))
