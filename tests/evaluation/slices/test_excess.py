"""Excess: by hand, against other tests, and in cases where a slice misleads."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import hypergeom, ttest_ind

from stillroom.evaluation.slices.excess import FEW, Excess, excesses, p_values
from stillroom.evaluation.slices.slicing import Slice
from stillroom.evaluation.statistics.scores import Scores

Rows = NDArray[np.bool_]


def first(count: int, of: int) -> Rows:
    return np.arange(of) < count


def excess(loss: Scores, rows: Rows) -> Excess:
    return excesses(loss, [Slice("some", "condition", rows)])[0]


def chance(losses: NDArray[np.float64], rows: Rows) -> float:
    return p_values([excess(Scores.of_answers(losses), rows)])[0]


def test_the_excess_is_the_difference_of_two_means() -> None:
    loss = Scores.of_answers(np.array([[1, 0, 0, 0, -1], [1, 1, 0, 0, 0]]))
    # Slice (0.5 + 1) / 2 = 0.75; rest (0 + 0 - 0.5) / 3 = -1/6.
    assert excess(loss, first(2, 5)).value == pytest.approx(0.75 + 1 / 6)


def test_of_sequences_each_answer_counts_once() -> None:
    values = np.array([1.0, 1.0, 0.0, 0.5, 0.0, 1.0])
    loss = Scores.of_sequences(values, np.array([3, 1, 1, 1]))
    assert excess(loss, first(2, 4)).value == pytest.approx(2.5 / 4 - 1 / 2)


def test_the_variance_is_that_of_two_means_where_the_slice_spreads_more() -> None:
    draws = np.random.default_rng(0)
    losses, rows = draws.normal(size=300), first(60, 300)
    losses[rows] *= 4
    moments = excess(Scores.of_answers(losses), rows)
    each = losses[rows].var(ddof=1) / 60 + losses[~rows].var(ddof=1) / 240
    assert moments.variance == pytest.approx(each)
    assert moments.freedom == pytest.approx(59)


def test_moments_are_those_of_all_choices_where_the_slice_shows_no_spread() -> None:
    losses, rows = np.array([0.0, 0.0, 0.0, -1.0, 0.5, 2.0, 0.0]), first(2, 7)
    every = np.array(
        [
            losses[list(some)].mean() - np.delete(losses, list(some)).mean()
            for some in combinations(range(7), 2)
        ]
    )
    moments = excess(Scores.of_answers(losses), rows)
    assert moments.variance == pytest.approx(every.var())
    assert moments.skewness == pytest.approx((every**3).mean() / every.var() ** 1.5)


def test_of_many_examples_it_is_the_t_test() -> None:
    draws = np.random.default_rng(2)
    losses, rows = draws.normal(size=4000), first(1000, 4000)
    losses[rows] += 0.08
    t_test = ttest_ind(losses[rows], losses[~rows], equal_var=False, alternative="greater")
    assert chance(losses, rows) == pytest.approx(t_test.pvalue, rel=0.05)
    interval = excess(Scores.of_answers(losses), rows).interval
    two_sided = ttest_ind(losses[rows], losses[~rows], equal_var=False).confidence_interval()
    assert (interval.low, interval.high) == pytest.approx(tuple(two_sided), rel=0.02)


@pytest.mark.parametrize("lost", range(2, 7))
def test_rare_losses_are_as_surprising_as_drawing_them(lost: int) -> None:
    # 20 of 2,000 examples are lost; this many of them are among the 40 of the slice.
    rows, losses = first(40, 2000), np.zeros(2000)
    losses[:lost], losses[-(20 - lost) :] = 1.0, 1.0
    assert chance(losses, rows) > hypergeom(2000, 20, 40).sf(lost - 1) / 2


def test_a_slice_on_which_nothing_differs_is_not_sure_of_it() -> None:
    # The student gains on 5% of the rest. It is no surprise if 40 examples contain none of these.
    losses = np.zeros(2000)
    losses[-100:] = -1.0
    assert chance(losses, first(40, 2000)) > 0.05


@pytest.mark.parametrize("loss", [0.0, 0.25, 0.1, 0.637])
def test_equal_losses_are_no_excess(loss: float) -> None:
    assert chance(np.full(1000, loss), first(137, 1000)) == 1.0


def test_the_ends_of_what_there_is_to_judge() -> None:
    assert excess(Scores.of_answers(np.full(100, 0.25)), first(40, 100)).interval.low == 0
    assert excesses(Scores.of_answers(np.zeros(9)), []) == []
    assert p_values([]) == []


def test_what_a_seed_does_to_every_example_widens_nothing() -> None:
    draws = np.random.default_rng(1)
    losses = np.tile(draws.normal(size=200), (3, 1))
    shifted = losses + np.array([[0.0], [5.0], [-3.0]])
    rows = first(50, 200)
    plain, moved = (excess(Scores.of_answers(one), rows) for one in (losses, shifted))
    assert moved.variance == pytest.approx(plain.variance)


def test_the_effect_of_a_seed_on_slices_is_estimated_from_all_slices() -> None:
    # 20 slices of 500; the deviation between seeds is 0.3 in each slice, and between examples 1.
    draws = np.random.default_rng(3)
    owners = np.repeat(np.arange(20), 500)
    losses = draws.normal(size=(3, 10_000)) + 0.3 * draws.normal(size=(3, 20))[:, owners]
    slices = [Slice(f"{one}", "class", owners == one) for one in range(20)]
    moments = excesses(Scores.of_answers(losses), slices)
    # An excess is a slice minus the mean of 19 others: 0.09 * (1 + 1/19), over three seeds.
    between = 0.09 * 20 / 19 / 3
    examples = 1 / 3 / 500 * 20 / 19
    assert np.mean([one.variance for one in moments]) == pytest.approx(between + examples, rel=0.5)
    assert max(one.variance for one in moments) < 2 * min(one.variance for one in moments)
    alone = [excess(Scores.of_answers(losses), one.rows).freedom for one in slices]
    assert np.median(alone) < 3 < 30 < min(one.freedom for one in moments)


def test_a_kind_of_few_slices_learns_of_seeds_from_the_others() -> None:
    # Seeds change the classes but not the conditions, which cut across the classes.
    draws = np.random.default_rng(4)
    owners = np.repeat(np.arange(20), 500)
    losses = draws.normal(size=(3, 10_000)) + 0.3 * draws.normal(size=(3, 20))[:, owners]
    classes = [Slice(f"{one}", "class", owners == one) for one in range(20)]
    some = [Slice(f"{one}", "condition", np.arange(10_000) % FEW == one) for one in range(FEW)]
    loss = Scores.of_answers(losses)
    few, enough = (excesses(loss, classes + some[:count])[20:] for count in (FEW - 1, FEW))
    assert min(one.variance for one in few) > 5 * max(one.variance for one in enough)
