"""Mutations: a sound file in, a damaged one out, by a seeded generator.

bytes ──flip, cut, repeat, overwrite a number──> bytes
JSON  ──a node replaced by a hostile value──────> JSON
"""

import json
import struct
from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

NUMBERS = (0, 1, 127, 255, 2**15 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1, 2**64 - 1)
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 1e308, 2**31, 2**63, 2**64, 10**30),
    *("", "\x1b[2J", "../../x", "a" * 10_000, "\ud800"),
    *([], {}, [[]], ["a"] * 1000, {"a": {}}),
)


def mutated_bytes(content: bytes, draw: Random) -> bytes:
    """Return the content after one to four mutations."""
    for _ in range(draw.randint(1, 4)):
        content = draw.choice(_OPERATIONS)(content, draw) or b"\0"
    return content


def mutated_json(content: bytes, draw: Random) -> bytes:
    """Return a JSON document with one to three of its nodes replaced; one in eight as bytes."""
    if draw.random() < 1 / 8:
        return mutated_bytes(content, draw)
    document = json.loads(content)
    for _ in range(draw.randint(1, 3)):
        _replace_a_node(document, draw)
    return json.dumps(document).encode()


def _replace_a_node(document: Any, draw: Random) -> None:
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return
        key = draw.choice(keys)
        inner = node[key]
        if isinstance(inner, dict | list) and inner and draw.random() < 0.8:
            node = inner
            continue
        if isinstance(node, dict) and draw.random() < 0.2:
            del node[key]
        else:
            node[key] = deepcopy(draw.choice(VALUES))
        return


def _flip(content: bytes, draw: Random) -> bytes:
    place = draw.randrange(len(content))
    return (
        content[:place] + bytes([content[place] ^ (1 << draw.randrange(8))]) + content[place + 1 :]
    )


def _cut(content: bytes, draw: Random) -> bytes:
    start = draw.randrange(len(content))
    return content[:start] + content[start + draw.randint(1, 64) :]


def _end(content: bytes, draw: Random) -> bytes:
    return content[: draw.randrange(len(content))]


def _repeat(content: bytes, draw: Random) -> bytes:
    start = draw.randrange(len(content))
    piece = content[start : start + draw.randint(1, 256)]
    return content[:start] + piece * draw.randint(2, 8) + content[start:]


def _number(content: bytes, draw: Random) -> bytes:
    size, code = draw.choice(((1, "<B"), (2, "<H"), (4, "<I"), (8, "<Q")))
    place = draw.randrange(max(1, len(content) - size))
    value = struct.pack(code, draw.choice(NUMBERS) % 256**size)
    return content[:place] + value + content[place + size :]


_OPERATIONS: tuple[Callable[[bytes, Random], bytes], ...] = (
    _flip, _flip, _cut, _end, _repeat, _number, _number, _number,
)  # fmt: skip
