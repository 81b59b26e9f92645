"""Chance: p-values against the exact distribution, and how often sound and blind models alarm."""

from itertools import permutations
from math import log

import numpy as np
import pytest
from scipy.stats import binom, norm

from stillroom.assess.sanity.chance import LEVEL, skill, unigram_nll


def answers(right: np.ndarray, labels: np.ndarray, classes: int, sure: float) -> np.ndarray:
    """Return probabilities whose first choice is the label where `right`, else the next class."""
    choice = np.where(right, labels, (labels + 1) % classes)
    p = np.full((len(labels), classes), (1 - sure) / (classes - 1))
    p[np.arange(len(labels)), choice] = sure
    return p


def test_mean_and_deviation_are_those_of_all_orders_of_the_labels() -> None:
    p = np.random.default_rng(3).dirichlet((1, 1, 1), 6)
    labels = np.array([0, 1, 2, 0, 1, 0])
    orders = [np.log(p[np.arange(6), list(order)]).sum() for order in permutations(labels)]
    actual = np.log(p[np.arange(6), labels]).sum()
    z = (actual - np.mean(orders)) / np.std(orders)
    assert skill(p, labels).p == pytest.approx(norm.sf(z), rel=1e-9)


def test_p_is_close_to_the_share_of_shuffles_that_are_as_likely() -> None:
    random = np.random.default_rng(5)
    labels = np.repeat([0, 1], [100, 12])  # few of one class: the sum is far from normal
    p = random.dirichlet((1, 1), 112)
    sums = [np.log(p[np.arange(112), random.permutation(labels)]).sum() for _ in range(4000)]
    actual = np.log(p[np.arange(112), labels]).sum()
    assert skill(p, labels).p == pytest.approx(np.mean(np.array(sums) >= actual), abs=0.03)


def test_the_counts_are_those_of_the_first_choices() -> None:
    labels = np.array([0, 0, 0, 1])
    of_all = skill(answers(np.array([1, 1, 0, 1], bool), labels, 2, 0.7), labels)
    # First choices 0, 0, 1, 1: shuffled labels give 2 * 3 / 4 + 2 * 1 / 4 right ones.
    assert (of_all.rows, of_all.others, of_all.right, of_all.shuffled) == (4, 1, 3, 2.0)
    assert of_all.p_below == pytest.approx(1 - 0.5**4)


def test_answers_that_are_all_the_same_are_at_chance_however_often_they_are_right() -> None:
    labels = np.repeat([0, 1], [95, 15])
    of_all = skill(np.tile([0.9, 0.1], (110, 1)), labels)
    assert (of_all.right, of_all.p) == (95, 1.0)
    assert of_all.is_at_chance
    assert not of_all.is_below_chance


def test_a_model_that_ranks_a_rare_class_is_no_chance_though_its_first_choice_never_changes() -> (
    None
):
    labels = np.repeat([0, 1], [490, 22])
    score = np.random.default_rng(0).normal(labels * 1.0, 1)  # AUC 0.76
    p = 0.4 / (1 + np.exp(-score))
    of_all = skill(np.stack([1 - p, p], axis=1), labels)
    assert of_all.right == 490  # exactly the share of the larger class
    assert not of_all.is_at_chance


def test_swapped_labels_are_below_chance() -> None:
    labels = np.arange(80) % 2
    of_all = skill(answers(np.zeros(80, bool), labels, 2, 0.9), labels)
    assert of_all.p_below == pytest.approx(0.5**80)
    assert of_all.is_below_chance
    assert of_all.is_at_chance


def biased(positives: int, rows: int, ahead: float, yes: float) -> tuple[np.ndarray, np.ndarray]:
    """Return answers that rank two classes and say yes too often, and the labels."""
    labels = (np.arange(rows) < positives).astype(int)
    score = np.random.default_rng(2).normal(labels * ahead + yes, 1)
    p = 1 / (1 + np.exp(-score))
    return np.stack([1 - p, p], axis=1), labels


@pytest.mark.parametrize(
    ("positives", "rows", "ahead", "yes"),
    [(28, 256, 1.9, 0.7), (15, 256, 1.5, 1.0), (40, 400, 2.5, 1.5), (80, 512, 1.0, 0.8)],
)
def test_a_sound_model_that_says_yes_too_often_is_not_below_chance(
    positives: int, rows: int, ahead: float, yes: float
) -> None:
    p, labels = biased(positives, rows, ahead, yes)
    of_all = skill(p, labels)
    assert binom.cdf((p.argmax(axis=1) == labels).sum(), rows, 0.5) < 0.001
    ranks = p[labels == 1, 1][:, None] > p[labels == 0, 1]
    assert ranks.mean() > 0.7  # the area under the ROC curve
    assert not of_all.is_below_chance
    assert not of_all.is_at_chance


def test_the_same_model_with_its_classes_swapped_is_at_chance() -> None:
    p, labels = biased(28, 256, 1.9, 0.7)
    assert skill(p[:, ::-1], labels).is_at_chance


def test_classes_that_are_moved_by_one_are_below_chance() -> None:
    labels = np.arange(200) % 5
    of_all = skill(answers(np.arange(200) % 25 == 0, labels, 5, 0.9), labels)
    assert of_all.is_below_chance


def test_labels_that_are_all_one_class_are_not_judged() -> None:
    labels = np.zeros(200, int)
    assert not skill(answers(np.ones(200, bool), labels, 2, 0.9), labels).is_at_chance


def test_few_rows_are_not_judged() -> None:
    labels = np.arange(29) % 2
    of_all = skill(answers(np.zeros(29, bool), labels, 2, 0.9), labels)
    assert not of_all.is_at_chance
    assert not of_all.is_below_chance


def alarms(accuracy: float, classes: int, rows: int, draws: int = 200) -> float:
    """Return the share of simulated models of this accuracy that are called chance."""
    random = np.random.default_rng(11)
    called = 0
    for _ in range(draws):
        labels = random.integers(0, classes, rows)
        of_one = skill(answers(random.random(rows) < accuracy, labels, classes, 0.6), labels)
        called += of_one.is_at_chance or of_one.is_below_chance
    return called / draws


@pytest.mark.parametrize(
    ("accuracy", "classes", "rows"),
    [(0.62, 2, 512), (0.15, 10, 512), (0.05, 77, 512), (0.8, 2, 60)],
)
def test_a_weak_but_real_model_is_hardly_ever_called_chance(
    accuracy: float, classes: int, rows: int
) -> None:
    # The binomial distribution of its right answers against the bound that shuffling sets.
    chance = 1 / classes
    bound = binom.ppf(1 - LEVEL, rows, chance)
    expected = binom.cdf(bound, rows, accuracy)
    assert expected < 0.05
    assert alarms(accuracy, classes, rows) < 0.06


@pytest.mark.parametrize("classes", [2, 10])
def test_a_blind_model_is_called_chance_in_nine_of_ten(classes: int) -> None:
    assert alarms(1 / classes, classes, 512) == pytest.approx(1 - LEVEL, abs=0.06)


def test_the_unigrams_count_each_token_once_more() -> None:
    # Of a vocabulary of 4 train holds 0, 0, 1: (3, 2, 1, 1) of 7.
    train, tokens = np.array([0, 0, 1]), np.array([0, 1, 2])
    assert unigram_nll(train, tokens, 4) == pytest.approx((log(7 / 3) + log(7 / 2) + log(7)) / 3)


def test_unigrams_that_do_not_fit_are_replaced_by_equal_probabilities() -> None:
    assert unigram_nll(np.zeros(1000, int), np.array([3, 3]), 4) == pytest.approx(log(4))
