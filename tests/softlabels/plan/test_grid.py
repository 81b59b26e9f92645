"""Grid: comparable numbers of entries, and no impossible candidate."""

import numpy as np
import pytest
from support.softlabels.dense_reference import normal_logits, softmax

from stillroom.softlabels.capture.pilot import Pilot
from stillroom.softlabels.capture.solve_threshold import ThresholdRequest
from stillroom.softlabels.plan.grid import MOST_DRAWS, candidates, distinct, samples_for
from stillroom.softlabels.sparsify.sparsifiers import FixedThreshold, Full, Sample, TopK


def pilot(logits: np.ndarray, temperature: float = 1.0) -> Pilot:
    statistics = Pilot()
    statistics.see(logits, temperature)
    return statistics


def test_two_draws_of_four_equal_classes_give_one_and_three_quarters() -> None:
    even = pilot(np.zeros((3, 4), np.float32))
    assert distinct(1, [even]) == pytest.approx(1, abs=1e-6)
    assert distinct(2, [even]) == pytest.approx(1.75, abs=1e-6)  # 4 * (1 - (3/4)^2)
    assert samples_for(1.75 - 1e-3, [even]) == 2
    assert samples_for(2, [even]) == 3  # 4 * (1 - (3/4)^3) = 2.31


def test_the_distinct_ids_are_those_of_the_dense_formula() -> None:
    logits = normal_logits(200, 500)
    p = softmax(logits)
    for draws in (2, 30, 400):
        expected = (1 - (1 - p) ** draws).sum(axis=1).mean()
        assert distinct(draws, [pilot(logits)]) == pytest.approx(expected, rel=2e-3)


def test_a_number_of_distinct_ids_beyond_all_draws_is_no_candidate() -> None:
    sharp = np.zeros((5, 300), np.float32)
    sharp[:, 0] = 100
    assert distinct(MOST_DRAWS, [pilot(sharp)]) == pytest.approx(1, abs=1e-3)
    assert samples_for(2, [pilot(sharp)]) is None


def test_of_ten_classes_one_to_eight_entries_are_tried() -> None:
    sparsifiers = candidates(10, [pilot(normal_logits(50, 10), 4.0)], (1.0, 4.0), 4.0)
    assert sparsifiers[0] == Full()
    assert [kind.k for kind in sparsifiers if isinstance(kind, TopK)] == [1, 2, 3, 5, 8]
    assert [kind.k for kind in sparsifiers if isinstance(kind, FixedThreshold)] == [1, 2, 3, 5, 8]
    requests = [kind for kind in sparsifiers if isinstance(kind, ThresholdRequest)]
    assert [kind.entries for kind in requests] == [1, 2, 3, 5, 8]
    draws = [kind.samples for kind in sparsifiers if isinstance(kind, Sample)]
    assert draws == sorted(set(draws))
    assert draws[0] == 1


def test_a_threshold_that_no_tau_gives_is_left_out() -> None:
    sharp = np.zeros((5, 300), np.float32)
    sharp[:, 0] = 100
    sparsifiers = candidates(300, [pilot(sharp)], (1.0,), 1.0)
    assert [kind.entries for kind in sparsifiers if isinstance(kind, ThresholdRequest)] == [1]
