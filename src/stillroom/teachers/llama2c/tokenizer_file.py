"""Tokenizers of llama2.c: one file in, a Tokenizer out.

    int32 longest; for each token float32 score, int32 length, bytes ──> BPE with byte fallback

Pieces are merged in the order of their scores, as in SentencePiece. Tokens 0, 1 and 2 stand for
unknown text, the beginning and the end; the next 256 stand for one byte each.
"""

import json
import struct
from pathlib import Path

from stillroom.data.text.tokenizer import SpecialTokens, Tokenizer
from stillroom.errors import ModelError
from stillroom.teachers.llama2c.source_file import read_beginning, require_regular_file

UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
BYTES = range(3, 259)
SPACE = "\u2581"  # SentencePiece writes this for a space
LARGEST = 2**26  # bytes; a vocabulary of a million tokens has less
ENTRY = struct.Struct("<fi")


def read_llama2c_tokenizer(path: Path, size: int) -> Tokenizer:
    """Read a tokenizer.

    Args:
        path: the file.
        size: how many tokens the model has.

    Raises:
        ModelError: the file is missing, damaged, or has another number of tokens.
    """
    pieces = [_piece(at, content) for at, content in enumerate(_entries(path))]
    if len(pieces) != size or len(set(pieces)) != size or size <= BYTES[-1]:
        raise ModelError(
            f"{path} has {len(set(pieces))} different tokens, but the model has {size}. Choose the "
            "tokenizer that the model was trained with."
        )
    # A text ends where the next one begins: these models were trained on a stream of texts, each
    # with a token at its beginning and none at its end.
    return Tokenizer(json.dumps(_definition(pieces)), SpecialTokens(end=BEGIN, begin=BEGIN))


def _entries(path: Path) -> list[bytes]:
    size = require_regular_file(path)
    if size > LARGEST:
        raise ModelError(f"{path} is not a tokenizer of llama2.c: it has {size:,} bytes.")
    content = read_beginning(path, size)
    entries, at = [], 4
    while at < len(content):
        start = at + ENTRY.size
        length = ENTRY.unpack_from(content, at)[1] if start <= len(content) else -1
        if length < 0 or start + length > len(content):
            raise ModelError(
                f"{path} is not a tokenizer of llama2.c, or is truncated. Download it again."
            )
        entries.append(content[start : start + length])
        at = start + length
    return entries


def _piece(at: int, content: bytes) -> str:
    """Return the text of a token in a tokenizer.json."""
    if at < BYTES[0]:
        return (UNKNOWN, BEGIN, END)[at]
    if at in BYTES:
        return f"<0x{at - BYTES[0]:02X}>"
    return content.decode("utf-8", errors="replace").replace(" ", SPACE)


def _definition(pieces: list[str]) -> dict[str, object]:
    vocabulary = {piece: at for at, piece in enumerate(pieces)}
    template = [
        {"SpecialToken": {"id": BEGIN, "type_id": 0}},
        {"Sequence": {"id": "A", "type_id": 0}},
    ]
    return {
        "version": "1.0",
        "added_tokens": _added_tokens(pieces),
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Prepend", "prepend": SPACE},
                {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
            ],
        },
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": template,
            "pair": [*template, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {BEGIN: {"id": BEGIN, "ids": [1], "tokens": [BEGIN]}},
        },
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": SPACE}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
                {"type": "Strip", "content": " ", "start": 1, "stop": 0},
            ],
        },
        "model": {
            "type": "BPE",
            "unk_token": UNKNOWN,
            "fuse_unk": True,
            "byte_fallback": True,
            "vocab": vocabulary,
            "merges": _merges(pieces, vocabulary),
        },
    }


def _added_tokens(pieces: list[str]) -> list[dict[str, object]]:
    return [
        {
            "id": at,
            "content": piece,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for at, piece in enumerate(pieces[: BYTES[0]])
    ]


def _merges(pieces: list[str], vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """Return the pairs that merge into each piece, in the order of ids: scores fall as ids rise."""
    return [
        (piece[:cut], piece[cut:])
        for piece in pieces[BYTES[-1] + 1 :]
        for cut in range(1, len(piece))
        if piece[:cut] in vocabulary and piece[cut:] in vocabulary
    ]
