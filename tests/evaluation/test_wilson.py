import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import DataError
from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.evaluation.wilson import wilson, within


def test_wilson_of_half_of_a_hundred() -> None:
    # z^2 = 3.841459. Centre (0.5 + 0.01920730) / 1.03841459 = 0.5; spread
    # 1.959964 / 1.03841459 * sqrt(0.0025 + 0.0000960365) = 0.0961683.
    assert wilson(50, 100) == pytest.approx((0.4038317, 0.5961683), abs=1e-6)


def test_certainty_in_a_few_trials_is_not_certain() -> None:
    # At a share of 1 the lower end is n / (n + z^2) = 10 / 13.841459.
    assert wilson(10, 10) == pytest.approx((10 / 13.841459, 1.0), abs=1e-6)


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_stays_within_one(counts: tuple[int, int]) -> None:
    successes, count = counts
    low, high = wilson(successes, count)
    assert 0 <= low <= successes / count + 1e-12
    assert successes / count - 1e-12 <= high <= 1


@pytest.mark.parametrize(("successes", "count"), [(0, 0), (-1, 5), (6, 5)])
def test_what_is_no_share_is_refused(successes: int, count: int) -> None:
    with pytest.raises(DataError, match="have no interval"):
        wilson(successes, count)


def test_a_share_stays_within_nothing_and_all() -> None:
    assert within(Estimate(0.99, 0.96, 1.015), 100) == Estimate(0.99, 0.96, 1.0)
    assert within(Estimate(0.01, -0.01, 0.04), 100) == Estimate(0.01, 0.0, 0.04)
    assert within(Estimate(0.5, 0.4, 0.6), 100) == Estimate(0.5, 0.4, 0.6)


def test_all_and_none_are_left_to_chance_too() -> None:
    every, none = within(Estimate(1.0, 1.0, 1.0), 10), within(Estimate(0.0, 0.0, 0.1), 10)
    assert (every.value, every.low, every.high) == (1.0, pytest.approx(10 / 13.841459), 1.0)
    assert (none.value, none.low, none.high) == (0.0, 0.0, pytest.approx(3.841459 / 13.841459))
