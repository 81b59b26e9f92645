"""Candidate grid: the samples that give as many distinct ids as other sparsifiers have entries."""

import numpy as np
import pytest
from support.softlabels.dense_reference import normal_logits, softmax

from stillroom.softlabels.sparsify.candidate_grid import MOST_DRAWS, CandidateGrid
from stillroom.softlabels.sparsify.pilot import Pilot


def pilot(logits: np.ndarray, temperature: float = 1.0) -> Pilot:
    statistics = Pilot()
    statistics.see(logits, temperature)
    return statistics


def grid(statistics: Pilot, classes: int = 300) -> CandidateGrid:
    return CandidateGrid(classes, [statistics], (1.0,), 1.0)


def test_two_draws_of_four_equal_classes_give_one_and_three_quarters() -> None:
    even = pilot(np.zeros((3, 4), np.float32))
    assert grid(even).distinct(1) == pytest.approx(1, abs=1e-6)
    assert grid(even).distinct(2) == pytest.approx(1.75, abs=1e-6)  # 4 * (1 - (3/4)^2)
    assert grid(even).samples_for(1.75 - 1e-3) == 2
    assert grid(even).samples_for(2) == 3  # 4 * (1 - (3/4)^3) = 2.31


def test_the_distinct_ids_are_those_of_the_dense_formula() -> None:
    logits = normal_logits(200, 500)
    p = softmax(logits)
    for draws in (2, 30, 400):
        expected = (1 - (1 - p) ** draws).sum(axis=1).mean()
        assert grid(pilot(logits)).distinct(draws) == pytest.approx(expected, rel=2e-3)


def test_a_number_of_distinct_ids_beyond_all_draws_is_no_candidate() -> None:
    sharp = np.zeros((5, 300), np.float32)
    sharp[:, 0] = 100
    assert grid(pilot(sharp)).distinct(MOST_DRAWS) == pytest.approx(1, abs=1e-3)
    assert grid(pilot(sharp)).samples_for(2) is None


def test_the_sizes_end_below_the_number_of_classes() -> None:
    even = pilot(np.zeros((3, 4), np.float32))
    assert grid(even, 4).sizes == [1, 2, 3]
    assert grid(even, 17).sizes == [1, 2, 3, 5, 8, 16]


def test_a_tau_must_be_possible_for_every_teacher() -> None:
    sharp, even = np.zeros((5, 300), np.float32), np.zeros((5, 300), np.float32)
    sharp[:, 0] = 100
    both = CandidateGrid(300, [pilot(even), pilot(sharp)], (1.0,), 1.0)
    assert grid(pilot(even)).has_tau(2)
    assert not both.has_tau(2)
