import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import DataError
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.evaluation.wilson import wilson, within


def test_wilson_of_half_of_a_hundred() -> None:
    # z^2 = 3.841459. Centre (0.5 + 0.01920730) / 1.03841459 = 0.5; spread
    # 1.959964 / 1.03841459 * sqrt(0.0025 + 0.0000960365) = 0.0961683.
    assert wilson(0.5, 100) == pytest.approx((0.4038317, 0.5961683), abs=1e-6)


def test_certainty_in_a_few_trials_is_not_certain() -> None:
    # At a share of 1 the lower end is n / (n + z^2) = 10 / 13.841459.
    assert wilson(1.0, 10) == pytest.approx((10 / 13.841459, 1.0), abs=1e-6)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_interval_holds_the_share_and_stays_within_one(count: int, share: float) -> None:
    low, high = wilson(share, count)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


@pytest.mark.parametrize(("share", "count"), [(0.5, 0), (-0.1, 5), (1.1, 5)])
def test_what_is_no_share_is_refused(share: float, count: int) -> None:
    with pytest.raises(DataError, match="has no interval"):
        wilson(share, count)


def test_a_share_stays_within_nothing_and_all() -> None:
    assert within(Estimate(0.99, 0.96, 1.015), 100) == Estimate(0.99, 0.96, 1.0)
    assert within(Estimate(0.01, -0.01, 0.04), 100) == Estimate(0.01, 0.0, 0.04)
    assert within(Estimate(0.5, 0.4, 0.6), 100) == Estimate(0.5, 0.4, 0.6)


def test_all_and_none_are_left_to_chance_too() -> None:
    assert within(Estimate(1.0, 1.0, 1.0), 10) == Estimate(1.0, *wilson(1.0, 10))
    assert within(Estimate(0.0, 0.0, 0.1), 10) == Estimate(0.0, *wilson(0.0, 10))
