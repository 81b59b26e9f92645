"""Row RNG: random numbers that depend on the key of a row and on nothing else.

    input_key, draw, purpose, salt ──Philox4x64-10──> uniforms in [0, 1)

Counter-based (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), so a row's
numbers do not depend on the order of the rows, on the batch or on the process that computes them.
"""

import hashlib
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Purpose(IntEnum):
    """What the numbers are used for; each purpose has its own stream."""

    SPARSIFY = 0
    ROUND = 1


def salt(seed: int, weights: str) -> int:
    """Return 64 bits by which two teachers get different draws for the same input."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{weights}".encode()).digest()[:8], "little")


def uniforms(
    keys: Sequence[bytes],
    draws: Sequence[int],
    counts: Sequence[int],
    purpose: Purpose,
    salt: int,
) -> NDArray[np.float64]:
    """Return the random numbers of each row, flat, one row after the other.

    Args:
        keys: each row's input_key, 16 bytes, the generator's key (little endian).
        draws: each row's draw number.
        counts: how many numbers each row gets.
        purpose: selects the stream.
        salt: the value that `salt` returns.

    Returns:
        [sum of counts], multiples of 2^-53.
    """
    streams = [
        np.random.Generator(
            np.random.Philox(
                key=int.from_bytes(key, "little"),
                counter=np.array([0, draw, purpose, salt], dtype=np.uint64),
            )
        ).random(count)
        for key, draw, count in zip(keys, draws, counts, strict=True)
    ]
    return np.concatenate(streams) if streams else np.empty(0)
