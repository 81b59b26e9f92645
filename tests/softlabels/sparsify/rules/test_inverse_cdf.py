"""Inverse CDF: points of the cumulative mass, against numbers by hand and in float64."""

import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.softlabels.dense_reference import normal_logits

from stillroom.softlabels.sparsify.rules.inverse_cdf import inverse_cdf
from stillroom.softlabels.sparsify.rules.row_max import with_row_max
from stillroom.softlabels.sparsify.rules.softmax_mass import mass


def test_points_of_the_cumulative_mass_by_hand() -> None:
    # e = (1/4, 0, 1/2, 1, 1/4), z = 2: class 0 owns [0, 1/4), 2 [1/4, 3/4), 3 [3/4, 7/4), 4 the
    # rest; class 1 owns nothing.
    weights = mass(with_row_max(torch.tensor([[1.0, 0, 2, 4, 1]]).log()), 1.0)
    points = torch.tensor([0, 0.2, 0.26, 0.7, 0.76, 1.7, 1.76, 1.999], dtype=torch.float64)
    classes = inverse_cdf(weights, torch.zeros(8, dtype=torch.long), points)
    assert classes.tolist() == [0, 0, 2, 2, 3, 3, 4, 4]


@given(st.integers(0, 1000), st.sampled_from([2, 5, 256, 257, 700]), st.floats(0, 0.5))
def test_the_middle_of_a_class_belongs_to_it(seed: int, classes: int, without_mass: float) -> None:
    rng = np.random.default_rng(seed)
    logits = normal_logits(2, classes, scale=2, seed=seed)
    logits[rng.random(logits.shape) < without_mass] = -np.inf
    logits[:, -1] = 0
    e = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    rows, ids = np.nonzero(e)
    middles = (e.cumsum(axis=1) - e / 2)[rows, ids]
    weights = mass(with_row_max(torch.from_numpy(logits)), 1.0)
    owners = inverse_cdf(weights, torch.from_numpy(rows), torch.from_numpy(middles))
    # A class that is narrower than the error of float32's sums may be missed.
    wide = (e / e.sum(axis=1, keepdims=True))[rows, ids] > 1e-5
    assert (owners.numpy() == ids)[wide].all()


@given(st.integers(0, 1000))
def test_a_class_without_mass_is_never_returned(seed: int) -> None:
    rng = np.random.default_rng(seed)
    logits = torch.full((1, 600), -math.inf)
    support = rng.choice(600, size=rng.integers(1, 5), replace=False)
    logits[0, support] = 1.5
    weights = mass(with_row_max(logits), 1.0)
    edges = [0.0, *(np.arange(1, len(support)) * 1.0), math.nextafter(len(support), 0)]
    points = torch.tensor([*edges, *rng.random(20) * len(support)], dtype=torch.float64)
    classes = inverse_cdf(weights, torch.zeros(len(points), dtype=torch.long), points)
    assert set(classes.tolist()) <= set(support.tolist())
