"""Stochastic rounding: has no bias, and no error above its bound."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.softlabels.columns.stochastic_rounding import SMALLEST, from_roots, rounded_roots

probabilities = st.floats(SMALLEST, 1.0)
GRID = (np.arange(1000) + 0.5) / 1000


def read_back(p: float, uniforms: np.ndarray) -> np.ndarray:
    return from_roots(rounded_roots(np.full(len(uniforms), p), uniforms))


def test_roots_by_hand() -> None:
    # 51 / 255 = 0.2, 102 / 255 = 0.4
    assert from_roots(np.array([0, 51, 102, 255], np.uint8)) == pytest.approx([0, 0.04, 0.16, 1])
    # 0.0404 lies 0.0404 - 0.2^2 = 0.0004 above 51's, of the step (104 / 255^2 =) 0.00158 to 52's.
    chance = 0.0004 * 255**2 / 103
    below, above = np.array([chance - 1e-6]), np.array([chance + 1e-6])
    assert rounded_roots(np.array([0.0404]), below).tolist() == [52]
    assert rounded_roots(np.array([0.0404]), above).tolist() == [51]


@given(probabilities)
def test_the_mean_over_the_uniforms_is_the_probability(p: float) -> None:
    # One interval of uniforms rounds up. The grid measures its length to within 1/1000.
    step = (2 * np.sqrt(p) + 1 / 255) / 255
    assert abs(read_back(p, GRID).mean() - p) <= step / 1000


@given(probabilities, st.floats(0, 1, exclude_max=True))
def test_no_error_reaches_the_stated_bound(p: float, uniform: float) -> None:
    error = abs(read_back(p, np.array([uniform]))[0] - p)
    assert error < (2 * np.sqrt(p) + 1 / 255) / 255


def test_the_bound_is_below_a_percent_near_one_and_six_near_a_fiftieth() -> None:
    for p, most in ((0.97, 0.0081), (0.0204, 0.06)):
        assert np.abs(read_back(p, GRID) / p - 1).max() < most


@given(probabilities, st.floats(0, 1, exclude_max=True))
def test_no_head_becomes_the_mark_of_a_tail(p: float, uniform: float) -> None:
    assert rounded_roots(np.array([p]), np.array([uniform]))[0] >= 1


def test_a_value_that_a_byte_can_hold_is_exact_for_every_uniform() -> None:
    values = np.arange(1, 256, dtype=np.uint8)
    for uniform in (0.0, 0.5, 1 - 2**-53):
        assert (rounded_roots(from_roots(values), np.full(255, uniform)) == values).all()


def test_random_roundings_have_the_variance_of_a_coin_between_two_steps() -> None:
    p, rng = 0.3, np.random.default_rng(0)
    values = read_back(p, rng.random(100_000))
    low = np.floor(np.sqrt(p) * 255)
    variance = (((low + 1) / 255) ** 2 - p) * (p - (low / 255) ** 2)
    assert abs(values.mean() - p) < 5 * np.sqrt(variance / 100_000)
    assert values.var() == pytest.approx(variance, rel=0.02)
