"""Row RNG: the published generator; streams depend on the key, the draw and the purpose."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.softlabels.sparsify.row_rng import Purpose, salt, uniforms

KEY = bytes(range(16))
WORD = 2**64 - 1


def philox(counter: list[int], key: list[int]) -> list[int]:
    """One block of Philox4x64-10, as in the paper (Salmon et al., SC 2011)."""
    for _ in range(10):
        high0, low0 = divmod(counter[0] * 0xD2E7470EE14C6C93, 2**64)
        high1, low1 = divmod(counter[2] * 0xCA5A826395121157, 2**64)
        counter = [high1 ^ counter[1] ^ key[0], low1, high0 ^ counter[3] ^ key[1], low0]
        key = [key[0] + 0x9E3779B97F4A7C15 & WORD, key[1] + 0xBB67AE8584CAA73B & WORD]
    return counter


def one(
    key: bytes = KEY,
    draw: int = 0,
    count: int = 50,
    purpose: Purpose = Purpose.SPARSIFY,
    salt: int = 7,
) -> list[float]:
    return uniforms([key], [draw], [count], purpose, salt).tolist()


def test_the_reference_of_these_tests_is_the_published_generator() -> None:
    # First line of philox4x64 in Random123's kat_vectors.
    assert [f"{word:016x}" for word in philox([0, 0, 0, 0], [0, 0])] == [
        "16554d9eca36314c",
        "db20fe9d672d0fdc",
        "d7e772cee186176b",
        "7e68b68aec7ba23b",
    ]


@given(st.binary(min_size=16, max_size=16), st.integers(0, 65535), st.integers(0, WORD))
def test_numbers_are_those_of_philox_at_the_rows_own_counter(
    key: bytes, draw: int, seed: int
) -> None:
    halves = [int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little")]
    for purpose, number in ((Purpose.SPARSIFY, 0), (Purpose.ROUND, 1)):
        # numpy increments the counter before each block, so the first block has 1.
        words = [w for at in (1, 2) for w in philox([at, draw, number, seed], list(halves))]
        expected = [(word >> 11) / 2**53 for word in words]
        assert one(key, draw, 8, purpose, seed) == expected


def test_the_salt_is_the_head_of_a_sha256() -> None:
    # printf 0:w | sha256sum begins with 9ee2c982b06e3546.
    assert salt(0, "w") == 0x46356EB082C9E29E
    assert len({salt(0, "w"), salt(1, "w"), salt(0, "v")}) == 3


@given(st.permutations(range(6)))
def test_a_rows_numbers_do_not_depend_on_the_rows_around_it(order: list[int]) -> None:
    keys = [bytes([number]) * 16 for number in range(6)]
    draws, counts = [0, 1, 2, 0, 9, 65535], [3, 0, 5, 1, 2, 4]
    numbers = uniforms(
        [keys[row] for row in order],
        [draws[row] for row in order],
        [counts[row] for row in order],
        Purpose.SPARSIFY,
        7,
    )
    expected = [u for row in order for u in one(keys[row], draws[row], counts[row])]
    assert numbers.tolist() == expected


def test_fewer_numbers_are_the_first_of_more() -> None:
    assert one(count=3) == one(count=50)[:3]


def test_another_process_draws_the_same_numbers() -> None:
    code = (
        "from stillroom.softlabels.sparsify.row_rng import *;"
        "print(uniforms([bytes(range(16))], [3], [5], Purpose.ROUND, salt(0, 'w')).tolist())"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert process.stdout.strip() == str(one(KEY, 3, 5, Purpose.ROUND, salt(0, "w")))


@pytest.mark.parametrize(
    "other",
    [
        {"draw": 1},
        {"draw": 65535},
        {"purpose": Purpose.ROUND},
        {"salt": 8},
        {"key": bytes([1, *range(1, 16)])},
        {"key": bytes([*range(15), 143])},
    ],
)
def test_any_changed_argument_gives_another_stream(other: dict[str, object]) -> None:
    assert not set(one()) & set(one(**other))  # type: ignore[arg-type]


def test_no_rows_take_no_numbers() -> None:
    assert uniforms([], [], [], Purpose.SPARSIFY, 7).tolist() == []


def test_each_row_needs_a_draw_number() -> None:
    with pytest.raises(ValueError, match="shorter"):
        uniforms([KEY, KEY], [0], [1, 1], Purpose.SPARSIFY, 7)


def test_first_numbers_are_uniform_over_keys_and_over_draws() -> None:
    # Each of 50 bins has a binomial count with mean 10,000 / 50 = 200 and deviation 14.
    keys = [number.to_bytes(16, "little") for number in range(10_000)]
    over_keys = uniforms(keys, [0] * 10_000, [1] * 10_000, Purpose.SPARSIFY, 7)
    over_draws = uniforms([KEY] * 10_000, range(10_000), [1] * 10_000, Purpose.SPARSIFY, 7)
    for numbers in (over_keys, over_draws):
        counts = np.bincount((numbers * 50).astype(int), minlength=50)
        assert np.abs(counts - 200).max() < 5 * 14
        assert numbers.mean() == pytest.approx(0.5, abs=5 / np.sqrt(12 * 10_000))


def test_draws_of_one_input_and_purposes_of_one_draw_are_uncorrelated() -> None:
    keys = [number.to_bytes(16, "big") for number in range(10_000)]
    streams = [
        uniforms(keys, [draw] * 10_000, [1] * 10_000, purpose, salt)
        for draw, purpose, salt in (
            (0, Purpose.SPARSIFY, 7),
            (1, Purpose.SPARSIFY, 7),
            (0, Purpose.ROUND, 7),
            (0, Purpose.SPARSIFY, 8),
        )
    ]
    correlation = np.corrcoef(streams) - np.eye(4)
    assert np.abs(correlation).max() < 5 / np.sqrt(10_000)
