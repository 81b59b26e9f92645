"""SplitMix64: the published stream, and numbers below a bound."""

import numpy as np
import pytest

from stillroom.data.views.splitmix import bounded, row_words, splitmix64, word_streams


def test_the_stream_is_the_published_one() -> None:
    # The first outputs for the seed 1234567, as Vigna's reference implementation prints them.
    seed = np.array([1234567], dtype=np.uint64)
    expected = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert word_streams(seed, 3)[0].tolist() == expected
    assert splitmix64(seed).tolist() == expected[:1]


def test_a_stream_goes_on_as_it_began() -> None:
    words = np.arange(5, dtype=np.uint64)
    assert (word_streams(words, 7)[:, :3] == word_streams(words, 3)).all()


@pytest.mark.parametrize("bound", [1, 3, 10])
def test_numbers_below_a_bound_are_even(bound: int) -> None:
    numbers = bounded(word_streams(np.array([7], dtype=np.uint64), 30_000)[0], bound)
    counts = np.bincount(numbers, minlength=bound)
    assert len(counts) == bound
    assert np.abs(counts - 30_000 / bound).max() <= 4 * np.sqrt(30_000 / bound)


def test_each_key_view_and_seed_has_words_of_its_own() -> None:
    keys = [bytes(16), bytes(15) + b"\x01"]
    every = [row_words(keys, view, seed) for view in (0, 1) for seed in (0, 1)]
    assert len(np.unique(np.concatenate(every))) == 16
