"""McNemar's exact test, against binomial sums by hand."""

import numpy as np
import pytest

from stillroom.evaluation.statistics.mcnemar import McNemar, mcnemar


def right(*runs: tuple[bool, int]) -> np.ndarray:
    return np.concatenate([np.full(count, value) for value, count in runs])


def test_it_counts_who_alone_is_right() -> None:
    first = np.array([True, True, False, True, False])
    second = np.array([True, False, True, False, False])
    found = mcnemar(first, second)
    assert (found.first, found.second) == (2, 1)


def test_p_is_the_two_sided_binomial_sum() -> None:
    # 8 against 2: 2 * (C(10,0) + C(10,1) + C(10,2)) / 2^10 = 2 * 56 / 1024.
    first = right((True, 8), (False, 2), (True, 50))
    second = right((False, 8), (True, 2), (True, 50))
    assert mcnemar(first, second) == McNemar(8, 2, pytest.approx(112 / 1024))


def test_models_that_never_differ_show_nothing() -> None:
    assert mcnemar(right((True, 5)), right((True, 5))).p == 1.0
