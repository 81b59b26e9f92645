"""The share of a gap that is closed: numbers by hand, and how often the interval holds."""

import numpy as np
import pytest
from scipy.stats import t

from benchmarks.language.closed import gap, share_closed

ONES = np.ones(2, dtype=np.int64)
FULL = np.zeros((2, 2))


def test_a_gap_and_its_error_by_hand() -> None:
    # Mean 2. Seeds differ by -1, +1 and sequences by -0.5, +0.5: s^2 / n is 1 and 0.25.
    control = np.array([[0.5, 1.5], [2.5, 3.5]])
    found = gap(control, FULL, ONES)
    assert found.value == pytest.approx(2)
    assert found.error == pytest.approx(1.25**0.5)
    freedom = 1.25**2 / (1 + 0.25**2)
    assert found.high - found.value == pytest.approx(t.ppf(0.975, freedom) * 1.25**0.5)


def test_a_longer_sequence_weighs_more() -> None:
    control = np.array([[1.0, 1.0, 4.0], [1.0, 1.0, 4.0]])
    found = gap(control, np.zeros((2, 3)), np.array([2, 1]))
    # Mean 2; the sums 2 and 4 less 2 a token are -2 and 2, times 2 sequences over 3 tokens.
    assert found.value == pytest.approx(2)
    assert found.error == pytest.approx((2 * (4 / 3) ** 2 / 1 / 2) ** 0.5)


def test_an_arm_as_good_as_full_logits_closes_all_and_one_as_hard_labels_nothing() -> None:
    control = np.array([[1.0, 2.0], [3.0, 1.0]])
    assert vars(share_closed(control, FULL, FULL, ONES)) == {
        "value": 1.0,
        "error": 0.0,
        "low": 1.0,
        "high": 1.0,
    }
    assert share_closed(control, FULL, control, ONES).value == 0
    assert share_closed(control, FULL, 2 * control, ONES).value == pytest.approx(-1)


def test_what_makes_a_text_hard_drops_out() -> None:
    draws = np.random.default_rng(0)
    hard = draws.normal(0, 100, (1, 50))
    control, full, arm = hard + 1.0, hard + 0.0, hard + 0.2
    lengths = np.ones(50, dtype=np.int64)
    found = share_closed(*(np.repeat(one, 3, axis=0) for one in (control, full, arm)), lengths)
    assert found.value == pytest.approx(0.8)
    assert found.error < 1e-12


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Seeds and texts both differ, and each seed at each text; the true share is 0.9."""
    draws, held, trials = np.random.default_rng(1), 0, 400
    for _ in range(trials):
        seeds, texts = draws.normal(0, 0.1, (3, 1)), draws.normal(0, 0.3, (1, 60))
        control = 1 + draws.normal(0, 0.1, (3, 1)) + draws.normal(0, 0.3, (1, 60))
        arm = 0.1 + seeds + texts + draws.normal(0, 0.2, (3, 60))
        found = share_closed(control, np.zeros((3, 60)), arm, np.ones(60, dtype=np.int64))
        held += found.low <= 0.9 <= found.high
    assert 0.93 <= held / trials <= 1


def test_without_a_gap_there_is_no_share() -> None:
    with pytest.raises(ValueError, match="no better than hard labels"):
        share_closed(FULL, FULL, FULL, ONES)


def test_of_a_single_seed_there_is_no_telling_the_error() -> None:
    with pytest.raises(ValueError, match="1 seeds and 2 sequences"):
        gap(FULL[:1], FULL[:1], ONES)
