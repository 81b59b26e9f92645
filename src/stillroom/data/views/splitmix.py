"""SplitMix64: keys, a view and a seed in, words that look random out; nothing has a state.

    example_id, view, seed ──> two words of a row ──counter──> as many words as it takes

Whole batches at once, so that a view costs microseconds a row in every epoch.
Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

GAMMA = np.uint64(0x9E3779B97F4A7C15)

Words = NDArray[np.uint64]


def words_of(example_ids: Sequence[bytes], view: int, seed: int) -> Words:
    """Return two words for each key of 16 bytes, [N, 2]."""
    words = np.frombuffer(b"".join(example_ids), dtype="<u8").reshape(-1, 2)
    stream = mixed(mixed(np.array([view], dtype=np.uint64)) ^ np.uint64(seed))
    state = np.concatenate([stream, mixed(stream)])
    return mixed(mixed(words ^ state) ^ words[:, ::-1])


def counted(words: Words, count: int) -> Words:
    """Return the first `count` words of the streams that begin at `words`, [N, count]."""
    return mixed(words[:, None] + np.arange(count, dtype=np.uint64) * GAMMA)


def below(words: Words, bound: int) -> NDArray[np.int64]:
    """Return a number from 0 up to `bound`, which is below 2^32, for each word.

    The high 32 bits, scaled: the share that a bound that divides no power of two cannot share
    evenly is `bound` / 2^32 at most.
    """
    return ((words >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32)).astype(np.int64)


def mixed(words: Words) -> Words:
    """Return 64 random-looking bits for each word: the step and the finaliser of SplitMix64."""
    mixed = words + GAMMA
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
