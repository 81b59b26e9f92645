"""Grid: comparable numbers of entries, and no impossible candidate."""

import numpy as np
from support.softlabels.dense_reference import normal_logits

from stillroom.softlabels.plan.grid import candidates
from stillroom.softlabels.sparsify.candidate_grid import CandidateGrid
from stillroom.softlabels.sparsify.kinds.full import Full
from stillroom.softlabels.sparsify.kinds.sample import Sample
from stillroom.softlabels.sparsify.kinds.threshold import ThresholdRequest
from stillroom.softlabels.sparsify.kinds.threshold_fixed import FixedThreshold
from stillroom.softlabels.sparsify.kinds.topk import TopK
from stillroom.softlabels.sparsify.pilot import Pilot


def pilot(logits: np.ndarray, temperature: float = 1.0) -> Pilot:
    statistics = Pilot()
    statistics.see(logits, temperature)
    return statistics


def test_of_ten_classes_one_to_eight_entries_are_tried() -> None:
    sparsifiers = candidates(
        CandidateGrid(10, [pilot(normal_logits(50, 10), 4.0)], (1.0, 4.0), 4.0)
    )
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
    sparsifiers = candidates(CandidateGrid(300, [pilot(sharp)], (1.0,), 1.0))
    assert [kind.entries for kind in sparsifiers if isinstance(kind, ThresholdRequest)] == [1]
