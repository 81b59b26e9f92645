"""SplitMix64: keys, a view and a seed in, pseudorandom words out, without a state.

    example_id, view, seed ──> two words per row ──counter──> any number of words

The arithmetic is on whole batches, so a view costs microseconds per row in every epoch.
Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GAMMA = np.uint64(0x9E3779B97F4A7C15)

Words = NDArray[np.uint64]


def row_words(example_ids: Sequence[bytes], view: int, seed: int) -> Words:
    """Return two words for each key of 16 bytes, [N, 2]."""
    words = np.frombuffer(b"".join(example_ids), dtype="<u8").reshape(-1, 2)
    stream = splitmix64(splitmix64(np.array([view], dtype=np.uint64)) ^ np.uint64(seed))
    state = np.concatenate([stream, splitmix64(stream)])
    return splitmix64(splitmix64(words ^ state) ^ words[:, ::-1])


def word_streams(words: Words, count: int) -> Words:
    """Return the first `count` words of the streams that begin at `words`, [N, count]."""
    return splitmix64(words[:, None] + np.arange(count, dtype=np.uint64) * GAMMA)


def bounded(words: Words, bound: int) -> NDArray[np.int64]:
    """Return a number from 0 to `bound` - 1 for each word; `bound` is below 2^32.

    The number is the scaled high 32 bits of the word. If the bound is not a power of two, the
    numbers are not exactly uniform: the bias is at most `bound` / 2^32.
    """
    return ((words >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32)).astype(np.int64)


def splitmix64(words: Words) -> Words:
    """Return 64 pseudorandom bits for each word: the step and the finaliser of SplitMix64."""
    splitmix64 = words + GAMMA
    splitmix64 = (splitmix64 ^ (splitmix64 >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    splitmix64 = (splitmix64 ^ (splitmix64 >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return splitmix64 ^ (splitmix64 >> np.uint64(31))
