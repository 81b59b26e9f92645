"""Units: numbers as people read them."""

import pytest

from stillroom.evaluation.statistics.bootstrap import Estimate
from stillroom.reporting.units import (
    NATS,
    POINTS,
    between,
    fine_percent,
    percent,
    whole_percent,
)


def test_a_difference_has_its_unit_and_digits() -> None:
    estimate = Estimate(0.0123, -0.004, 1.5)
    assert POINTS.amount(estimate.value) == "1.2 points"
    assert POINTS.interval(estimate) == "-0.4 to 150.0"
    assert NATS.amount(estimate.value) == "0.012 nats"
    assert NATS.interval(estimate) == "-0.004 to 1.500"


def test_a_loss_is_reported_without_a_sign() -> None:
    lost = POINTS.lost(Estimate(-0.02, -0.03, -0.01))
    assert (lost.value, lost.low, lost.high) == (0.02, 0.01, 0.03)


def test_a_share_stands_with_both_ends() -> None:
    assert between(Estimate(0.932, 0.921, 0.943)) == "93.2% (92.1% to 94.3%)"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (9e-6, "<0.001%"),
        (0.000312, "0.031%"),
        (0.042, "4.2%"),
        (0.0996, "10%"),
        (0.873, "87%"),
        (1.0, "100%"),
    ],
)
def test_a_small_share_keeps_two_digits_that_count(share: float, text: str) -> None:
    assert fine_percent(share) == text


def test_a_zero_has_no_sign_and_one_is_one() -> None:
    assert POINTS.amount(-0.0001) == "0.0 points"
    assert (percent(-0.0001), whole_percent(-0.001)) == ("0.0%", "0%")
    assert (POINTS.number(-0.01), whole_percent(-0.01)) == ("-1.0", "-1%")
