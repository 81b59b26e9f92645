"""Shared exponentials: chains by hand, and the law that each power follows."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.softlabels.sparsify.shared_exponentials import bases


@pytest.mark.parametrize(
    "temperatures, expected",
    [
        ((1.0, 2.0, 4.0, 8.0, 20.0), {20: 40, 8: 40, 4: 40, 2: 40, 1: 40}),  # 2, 5, 10, 20, 40
        ((8.0, 4.0, 2.0, 1.0), {8: 8, 4: 8, 2: 8, 1: 8}),
        ((6.0, 2.0), {6: 6, 2: 2}),  # 1, 3 or 2, 6: neither follows the other
        ((4.0, 1.6), {4: 8, 1.6: 8}),  # 2, 5
        ((30.0, 4.0, 2.0), {30: 30, 4: 4, 2: 4}),
        ((3.0, 1.0, 0.5), {3: 3, 1: 1, 0.5: 1}),
        ((7.0,), {7: 7}),
        ((2.0, 2.0), {2: 2}),
    ],
    ids=str,
)
def test_chains_by_hand(temperatures: tuple[float, ...], expected: dict[float, float]) -> None:
    base_of = bases(temperatures)
    assert base_of == expected
    assert list(base_of) == sorted(expected, reverse=True)


@given(st.lists(st.integers(1, 40).map(lambda n: n / 4), min_size=1, max_size=8))
def test_each_power_is_a_square_of_the_one_before_or_that_times_the_base(
    temperatures: list[float],
) -> None:
    e, last, x = 1.0, 0.0, -3.0
    base_of = bases(temperatures)
    assert set(base_of) == set(temperatures)
    for temperature, base in base_of.items():
        power = base / temperature
        if base != last:
            assert power in (1, 2)
            e = math.exp(x / base) ** power
        else:
            assert power == int(power)
            e = e * e * (math.exp(x / base) if power % 2 else 1)
        last = base
        assert e == pytest.approx(math.exp(x / temperature), rel=1e-12)
