"""McNemar's exact test, against binomial sums by hand."""

import numpy as np
import pytest

from stillroom.evaluation.statistics.bootstrap import estimate
from stillroom.evaluation.statistics.mcnemar import McNemar, mcnemar
from stillroom.evaluation.statistics.scores import Scores


def right(*runs: tuple[bool, int]) -> np.ndarray:
    return np.concatenate([np.full(count, value) for value, count in runs])


def test_it_counts_who_alone_is_right() -> None:
    first = np.array([True, True, False, True, False])
    second = np.array([True, False, True, False, False])
    pair = mcnemar(first, second)
    assert (pair.first, pair.second) == (2, 1)


def test_p_is_the_two_sided_binomial_sum() -> None:
    # 8 against 2: 2 * (C(10,0) + C(10,1) + C(10,2)) / 2^10 = 2 * 56 / 1024.
    first = right((True, 8), (False, 2), (True, 50))
    second = right((False, 8), (True, 2), (True, 50))
    assert mcnemar(first, second) == McNemar(8, 2, pytest.approx(112 / 1024))


def test_models_that_never_differ_show_nothing() -> None:
    assert mcnemar(right((True, 5)), right((True, 5))).p == 1.0


@pytest.mark.parametrize(
    ("gain", "least", "most"),
    [(0.0, 0.03, 0.07), pytest.param(0.02, 0.95, 1.0, marks=pytest.mark.faults)],
)
def test_beside_the_interval_it_keeps_what_the_verdict_of_one_seed_promises(
    gain: float, least: float, most: float
) -> None:
    # A tenth of 5,000 examples are discordant; the verdict claims only what both tests show.
    better, worse = (0.10 + gain) / 2, (0.10 - gain) / 2
    claimed = 0
    for number in range(1000):
        uniform = np.random.default_rng(number).random(5000)
        first, second = uniform < better, uniform > 1 - worse
        scores = Scores.of_answers(first.astype(float) - second)
        claimed += mcnemar(first, second).p < 0.05 and estimate(scores).is_clear
    assert least <= claimed / 1000 <= most
