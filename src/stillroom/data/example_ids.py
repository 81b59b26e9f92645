"""Example ids: the key of an example by its content, and a uniform number by a key and a salt.

    kind, shape, raw content ──blake2b──> example_id (16 bytes)
    example_id, salt ──blake2b──> u in [0, 1)

An `example_id` depends only on the content: not on its row, its file, its label, a tokenizer or the
platform's byte order. So equal inputs have equal keys, and new data changes no key.
"""

import hashlib
import struct
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from stillroom.data.raw_examples import Kind

KEY_BYTES = 16
_PERSON = b"stillroom.examp1"
_UNIT_PERSON = b"stillroom.unit.1"


def example_ids(
    kind: Kind, shape: tuple[int, ...], contents: Iterable[bytes | str | list[float]]
) -> list[bytes]:
    """Return the 16-byte key of each content.

    Args:
        kind: a tag, so that an image and a text of the same bytes have different keys.
        shape: the shape of one example: image (height, width, channels), features (d,), text ().
        contents: images as row-major uint8 pixels, texts, or lists of d numbers.
    """
    # Kind and dimensions are delimited, so no two inputs give the same message.
    prefix = kind.encode() + b"\0" + struct.pack(f"<B{len(shape)}Q", len(shape), *shape)
    base = hashlib.blake2b(prefix, digest_size=KEY_BYTES, person=_PERSON)
    keys = []
    for content in contents:
        message = base.copy()
        message.update(_canonical(content))
        keys.append(message.digest())
    return keys


def unit_interval(ids: Iterable[bytes], salt: str) -> NDArray[np.float64]:
    """Return one number in [0, 1) per id, uniform over ids.

    The number depends only on the id and the salt; under different salts it is independent.
    """
    salted = struct.pack("<Q", len(salt.encode())) + salt.encode()
    base = hashlib.blake2b(salted, digest_size=8, person=_UNIT_PERSON)
    digests = []
    for key in ids:
        message = base.copy()
        message.update(key)
        digests.append(message.digest())
    words = np.frombuffer(b"".join(digests), dtype="<u8")
    # A float64 holds 53 bits exactly; all 64 could round up to 1.0.
    return (words >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _canonical(content: bytes | str | list[float]) -> bytes:
    match content:
        case bytes():
            return content
        case str():
            return content.encode()
        case _:
            # Adding 0.0 turns -0.0, which equals 0.0, into 0.0.
            return (np.asarray(content, dtype="<f8") + 0.0).astype("<f8").tobytes()
