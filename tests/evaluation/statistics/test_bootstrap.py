"""Intervals: against normal theory, and on a thousand simulated evaluations each.

The simulations measure the whole procedure: equal models must be called different in 3 to 7% of
them, a planted gain must be detected, and intervals must cover the true value. A third of the
simulations always runs; `make faults` runs all of them.
"""

from collections.abc import Callable

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.statistics.bootstrap import (
    Estimate,
    estimate,
    estimate_of_share,
    spread,
    standard_error,
)
from stillroom.evaluation.statistics.scores import Scores

SIMULATIONS = 1000


def discordant(
    draws: np.random.Generator, seeds: int, examples: int, gain: float, discordance: float
) -> Scores:
    """Return differences of +1, -1 and 0 with mean `gain`, drawn for each seed."""
    uniform = draws.random((seeds, examples))
    better, worse = (discordance + gain) / 2, (discordance - gain) / 2
    return Scores.of_answers((uniform < better).astype(float) - (uniform > 1 - worse))


def of_seeds(
    draws: np.random.Generator, seeds: int, examples: int, deviation: float, shared: float
) -> Scores:
    """Return differences of +1, -1 and 0, whose mean over the whole population is 0.

    Each seed has a random gain of this standard deviation. On a share of the examples all seeds
    have the same difference; on a tenth of the others each seed has its own.
    """
    luck = draws.normal(0, deviation, (seeds, 1))
    uniform = draws.random((seeds, examples))
    own = (uniform < 0.05 + luck / 2).astype(float) - (uniform > 0.95 + luck / 2)
    alike = draws.choice([1.0, -1.0, 0.0], examples, p=[shared / 2, shared / 2, 1 - shared])
    return Scores.of_answers(np.where(alike != 0, alike, own))


def simulated(
    make: Callable[[np.random.Generator], Scores], count: int = SIMULATIONS
) -> list[Estimate]:
    return [estimate(make(np.random.default_rng(number))) for number in range(count)]


def share_that_is_clear(estimates: list[Estimate]) -> float:
    return float(np.mean([one.is_clear for one in estimates]))


@pytest.mark.parametrize(
    ("examples", "discordance"),
    [
        (100, 0.05),
        *[pytest.param(*case, marks=pytest.mark.faults) for case in ((1000, 0.004), (30, 0.2))],
    ],
)
def test_neither_are_those_that_differ_on_few_examples_called_different_too_often(
    examples: int, discordance: float
) -> None:
    estimates = simulated(lambda draws: discordant(draws, 1, examples, 0.0, discordance), 400)
    assert share_that_is_clear(estimates) <= 0.07


def test_four_examples_of_a_thousand_are_no_gain_and_ten_are() -> None:
    # The exact two-sided p of 4 to 0 is 0.125, of 10 to 0 it is 0.002.
    few, more = (Scores.of_answers(np.arange(1000) < count) for count in (4, 10))
    assert not estimate(few).is_clear
    assert estimate(more).is_above_zero


@pytest.mark.parametrize("seeds", [1, pytest.param(3, marks=pytest.mark.faults)])
def test_equal_models_are_called_different_in_3_to_7_percent(seeds: int) -> None:
    # With three seeds the rate is 3.4%, by 100,000 draws: near the bound, so it needs more draws.
    count = SIMULATIONS if seeds == 1 else 3 * SIMULATIONS
    estimates = simulated(lambda draws: discordant(draws, seeds, 5000, 0.0, 0.10), count)
    assert 0.03 <= share_that_is_clear(estimates) <= 0.07


@pytest.mark.parametrize(
    ("deviation", "shared"),
    [
        (0.005, 0.1),
        pytest.param(0.004, 0.0, marks=pytest.mark.faults),
        pytest.param(0.01, 0.1, marks=pytest.mark.faults),
    ],
)
def test_so_are_models_whose_seeds_differ(deviation: float, shared: float) -> None:
    estimates = simulated(lambda draws: of_seeds(draws, 3, 2000, deviation, shared))
    assert 0.03 <= share_that_is_clear(estimates) <= 0.07


@pytest.mark.parametrize("seeds", [pytest.param(1, marks=pytest.mark.faults), 3])
def test_a_gain_of_2_points_on_5000_examples_is_detected(seeds: int) -> None:
    estimates = simulated(lambda draws: discordant(draws, seeds, 5000, 0.02, 0.10))
    assert np.mean([one.is_above_zero for one in estimates]) >= 0.95


@pytest.mark.parametrize(
    ("seeds", "deviation", "shared"),
    [
        (3, 0.01, 0.2),
        *[
            pytest.param(*case, marks=pytest.mark.faults)
            for case in ((1, 0.0, 0.2), (3, 0.0, 0.2), (5, 0.005, 0.05), (5, 0.05, 0.0))
        ],
    ],
)
def test_intervals_cover_the_mean_in_93_to_97_percent(
    seeds: int, deviation: float, shared: float
) -> None:
    estimates = simulated(lambda draws: of_seeds(draws, seeds, 2000, deviation, shared))
    assert 0.93 <= np.mean([one.low <= 0 <= one.high for one in estimates]) <= 0.97


def test_sequences_are_drawn_whole() -> None:
    draws = np.random.default_rng(0)
    lengths = draws.integers(10, 200, 500)
    of_sequence = np.repeat(draws.normal(0, 1, 500), lengths)
    values = of_sequence + draws.normal(0, 1, len(of_sequence))
    by_sequence = estimate(Scores.of_sequences(values, lengths))
    alone = estimate(Scores.of_answers(values))
    assert by_sequence.value == pytest.approx(values.mean())
    # Answers of one sequence are equal: they hold a tenth of the information of separate answers.
    assert 5 < (by_sequence.high - by_sequence.low) / (alone.high - alone.low) < 15


def test_an_interval_is_that_of_the_normal_law_where_examples_are_many() -> None:
    scores = discordant(np.random.default_rng(3), 1, 20000, 0.01, 0.2)
    interval = estimate(scores)
    half = 1.959964 * np.sqrt(spread(scores).examples / 20000)
    assert interval.low == pytest.approx(scores.value - half, abs=0.03 * half)
    assert interval.high == pytest.approx(scores.value + half, abs=0.03 * half)


def test_the_spread_of_a_layout_is_taken_apart() -> None:
    draws = np.random.default_rng(1)
    many = Scores.of_answers(
        draws.normal(0, 0.5, (400, 1))
        + draws.normal(0, 2, (1, 400))
        + draws.normal(0, 1, (400, 400))
    )
    variances = spread(many)
    assert variances.seeds == pytest.approx(0.25, rel=0.2)
    assert variances.examples == pytest.approx(4, rel=0.2)


def test_the_share_of_a_gap_is_on_the_same_draws() -> None:
    draws = np.random.default_rng(2)
    whole = draws.normal(1, 1, 800)
    part = Scores.of_answers(0.5 * whole)
    share = estimate_of_share(part, Scores.of_answers(whole))
    assert share == Estimate(pytest.approx(0.5), pytest.approx(0.5), pytest.approx(0.5))


def test_what_a_seed_does_to_both_alike_is_no_doubt_of_their_share() -> None:
    seeds, draws = np.array([[0.9], [1.0], [1.1]]), np.random.default_rng(5)
    whole = seeds + draws.normal(0, 0.1, (1, 800))
    share = estimate_of_share(Scores.of_answers(0.8 * whole), Scores.of_answers(whole))
    assert share == Estimate(*[pytest.approx(0.8)] * 3)


@pytest.mark.parametrize(
    ("luck", "least"), [pytest.param(0.0, 0.90, marks=pytest.mark.faults), (0.2, 0.88)]
)
def test_the_interval_of_a_share_holds_it(luck: float, least: float) -> None:
    """The control's random gain is in both; the student has its own, too. The true share is 0.6."""

    def drawn(draws: np.random.Generator) -> Estimate:
        hard, control = draws.normal(0, 0.3, 60), draws.normal(0, luck, (3, 1))
        gained = 1 + hard + control
        whole = gained + draws.normal(0, 0.3, (3, 60))
        part = 0.6 * gained + draws.normal(0, luck / 2, (3, 1)) + draws.normal(0, 0.3, (3, 60))
        share = estimate_of_share(Scores.of_answers(part), Scores.of_answers(whole))
        return share or Estimate(0.6, 0.6, 0.6)

    shares = [drawn(np.random.default_rng(number)) for number in range(200)]
    held = [one.low <= 0.6 <= one.high for one in shares]
    assert least <= np.mean(held) <= 0.98


def test_the_error_of_a_mean_by_hand() -> None:
    # Three sequences of 2 tokens with sums -2, 0, 2 around the mean: the variance of the sums is 4.
    scores = Scores.of_sequences(np.array([0.0, 0, 1, 1, 2, 2]), np.array([2, 2, 2]))
    assert standard_error(scores) == pytest.approx((1 / 3) ** 0.5)


def test_there_is_no_share_of_what_may_be_nothing() -> None:
    nothing = Scores.of_answers(np.array([1.0, -1.0] * 50))
    assert estimate_of_share(nothing, nothing) is None
    with pytest.raises(DataError, match="same examples"):
        estimate_of_share(nothing, Scores.of_answers(np.ones(3)))


def test_draws_without_a_gap_have_no_share_of_it() -> None:
    # The gap is six of 200 examples: one draw in 400 misses all of them.
    rows = np.arange(200) < 6
    whole, other = Scores.of_answers(rows.astype(float)), Scores.of_answers(np.arange(200) > 193.0)
    half = Scores.of_answers(0.5 * rows)
    assert estimate_of_share(half, whole) == Estimate(0.5, 0.5, 0.5)
    share = estimate_of_share(other, whole)
    assert share is not None
    assert np.isfinite([share.low, share.high]).all()
    assert share.low < share.value == 1 < share.high


def test_the_same_scores_have_the_same_interval() -> None:
    scores = of_seeds(np.random.default_rng(4), 3, 300, 0.01, 0.1)
    assert estimate(scores) == estimate(scores)
    assert estimate(scores) != estimate(scores, seed=1)


def test_of_one_example_the_seeds_are_all_that_is_known() -> None:
    # One sequence of 400 tokens, and three students: 1, 2 and 3 nats ahead.
    scores = Scores.of_sequences(np.repeat([[1.0], [2.0], [3.0]], 400, axis=1), np.array([400]))
    assert (spread(scores).examples, spread(scores).seeds) == (0.0, 1.0)
    interval = estimate(scores)
    # Student's t with two degrees of freedom: 2 nats ± 4.303 / sqrt(3).
    assert (interval.low, interval.high) == pytest.approx((2 - 2.484, 2 + 2.484), abs=0.35)
