"""A small model and tokenizer in llama2.c's format, and what run.c computes from them, in numpy."""

import struct
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, INNER, LAYERS, HEADS, KEY_HEADS, VOCABULARY, LENGTH = 16, 24, 2, 4, 2, 280, 32
HEAD = WIDTH // HEADS
SIZES = {
    "embed": (VOCABULARY, WIDTH),
    "norm1": (LAYERS, WIDTH),
    "wq": (LAYERS, WIDTH, WIDTH),
    "wk": (LAYERS, KEY_HEADS * HEAD, WIDTH),
    "wv": (LAYERS, KEY_HEADS * HEAD, WIDTH),
    "wo": (LAYERS, WIDTH, WIDTH),
    "norm2": (LAYERS, WIDTH),
    "w1": (LAYERS, INNER, WIDTH),
    "w2": (LAYERS, WIDTH, INNER),
    "w3": (LAYERS, INNER, WIDTH),
    "norm": (WIDTH,),
    "cosines": (LENGTH, HEAD // 2),
    "sines": (LENGTH, HEAD // 2),
    "output": (VOCABULARY, WIDTH),
}
PIECES = [" a", "he", " the", "the", "nd", " and", " t", "e", "t", "h", " ", "a", "n", "d"]


def write_checkpoint(path: Path, tied: bool) -> dict[str, Any]:
    """Write a model of random weights; return them."""
    draws = np.random.default_rng(0)
    kept = {name: shape for name, shape in SIZES.items() if not (tied and name == "output")}
    weights = {
        name: (draws.standard_normal(shape) * 0.3).astype(np.float32)
        for name, shape in kept.items()
    }
    sizes = (WIDTH, INNER, LAYERS, HEADS, KEY_HEADS, VOCABULARY if tied else -VOCABULARY, LENGTH)
    path.write_bytes(struct.pack("<7i", *sizes) + b"".join(w.tobytes() for w in weights.values()))
    assert path.stat().st_size == 28 + 4 * sum(map(prod, kept.values()))
    return weights if not tied else weights | {"output": weights["embed"]}


def write_vocabulary(path: Path, pieces: list[str] = PIECES, size: int = VOCABULARY) -> list[str]:
    """Write a tokenizer; return its pieces, which letters of another script complete."""
    filled = [*pieces, *(chr(0x3B1 + at) for at in range(size - 259 - len(pieces)))]
    entries = [("<unk>", 0.0), ("\n<s>\n", 0.0), ("\n</s>\n", 0.0)]
    entries += [(f"<0x{byte:02X}>", 0.0) for byte in range(256)]
    entries += [(piece, -float(at)) for at, piece in enumerate(filled)]
    content = struct.pack("<i", max(len(piece.encode()) for piece, _ in entries))
    for piece, score in entries:
        content += struct.pack("<fi", score, len(piece.encode())) + piece.encode()
    path.write_bytes(content)
    return filled


def encoded(text: str, pieces: list[str]) -> list[int]:
    """Return the ids of a text as run.c does: join the best pair until no pair is a piece."""
    ids = {piece: 259 + at for at, piece in enumerate(pieces)}
    tokens: list[tuple[int, str | None]] = []
    for letter in " " + text if text else "":
        if letter in ids:
            tokens.append((ids[letter], letter))
        else:
            tokens += [(3 + byte, None) for byte in letter.encode()]
    while True:
        pairs = [
            (ids[a + b], at)
            for at, ((_, a), (_, b)) in enumerate(pairwise(tokens))
            if a is not None and b is not None and a + b in ids
        ]
        if not pairs:
            return [one for one, _ in tokens]
        best, at = min(pairs)  # scores fall with the ids
        tokens[at : at + 2] = [(best, pieces[best - 259])]


def logits(weights: dict[str, Any], tokens: list[int]) -> Any:
    """Return the logits of run.c after each token, [n, V], in float64."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}
    x = w["embed"][tokens]
    for layer in range(LAYERS):
        inner = _normed(x, w["norm1"][layer])
        q = _turned((inner @ w["wq"][layer].T).reshape(len(tokens), HEADS, HEAD))
        k = _turned((inner @ w["wk"][layer].T).reshape(len(tokens), KEY_HEADS, HEAD))
        v = (inner @ w["wv"][layer].T).reshape(len(tokens), KEY_HEADS, HEAD)
        k, v = (np.repeat(one, HEADS // KEY_HEADS, axis=1) for one in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(HEAD)
        scores[:, ~np.tri(len(tokens), dtype=bool)] = -np.inf
        shares = np.exp(scores - scores.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        seen = np.einsum("hqk,khd->qhd", shares, v).reshape(len(tokens), WIDTH)
        x = x + seen @ w["wo"][layer].T
        inner = _normed(x, w["norm2"][layer])
        gate = inner @ w["w1"][layer].T
        x = x + (gate / (1 + np.exp(-gate)) * (inner @ w["w3"][layer].T)) @ w["w2"][layer].T
    return _normed(x, w["norm"]) @ w["output"].T


def _normed(x: Any, weight: Any) -> Any:
    return weight * x / np.sqrt((x**2).mean(axis=1, keepdims=True) + 1e-5)


def _turned(heads: Any) -> Any:
    """Rotate each pair of neighbours by its angle."""
    angles = np.arange(len(heads))[:, None] / 10000 ** (np.arange(0, HEAD, 2) / HEAD)
    cosines, sines = np.cos(angles)[:, None], np.sin(angles)[:, None]
    even, odd = heads[..., 0::2], heads[..., 1::2]
    turned = np.empty_like(heads)
    turned[..., 0::2] = even * cosines - odd * sines
    turned[..., 1::2] = even * sines + odd * cosines
    return turned
