"""Distributions: coordinates by hand, and their laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from stillroom.softlabels.columns.distributions import (
    Distributions,
    SparseDistributions,
    log_softmax,
    mixture,
)


def by_hand() -> Distributions:
    """Return (0, 0.25, 0, 0.5), nothing at all, and (0.125, 0, 0.75, 0.125), out of order."""
    return SparseDistributions(
        owners=np.array([2, 0, 2, 0, 2]),
        ids=np.array([2, 1, 0, 3, 3]),
        weights=np.array([0.75, 0.25, 0.125, 0.5, 0.125]),
        count=3,
        classes=4,
    )


DENSE = [[0, 0.25, 0, 0.5], [0, 0, 0, 0], [0.125, 0, 0.75, 0.125]]


def random_sparse(seed: int, count: int = 5, classes: int = 7) -> Distributions:
    rng = np.random.default_rng(seed)
    owners, ids = np.nonzero(rng.random((count, classes)) < 0.4)
    order = rng.permutation(len(owners))
    weights = rng.integers(1, 9, size=len(owners)) / 8
    return SparseDistributions(owners[order], ids[order], weights, count, classes)


def test_counts_masses_and_the_dense_form_by_hand() -> None:
    distributions = by_hand()
    assert len(distributions) == 3
    assert distributions.counts.tolist() == [2, 0, 3]
    assert distributions.masses.tolist() == [0.75, 0, 1]
    assert distributions.dense().tolist() == DENSE


def test_rows_are_taken_in_the_order_given() -> None:
    chosen = by_hand().take(np.array([2, 0]))
    assert chosen.dense().tolist() == [DENSE[2], DENSE[0]]
    assert len(by_hand().take(np.array([], dtype=np.int64))) == 0


@given(st.integers(0, 10_000), st.permutations(range(5)))
def test_taking_is_indexing_the_dense_form(seed: int, order: list[int]) -> None:
    distributions = random_sparse(seed)
    chosen = distributions.take(np.array(order[:3]))
    assert (chosen.dense() == distributions.dense()[order[:3]]).all()


def test_a_mixture_by_hand() -> None:
    one, other = by_hand(), by_hand().take(np.array([2, 1, 0]))
    distributions = mixture([one, other], [0.75, 0.25])
    # 3/4 (0, 1/4, 0, 1/2) + 1/4 (1/8, 0, 3/4, 1/8)
    assert distributions.dense()[0].tolist() == [0.03125, 0.1875, 0.1875, 0.40625]
    assert distributions.dense()[1].tolist() == [0, 0, 0, 0]


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_mixture_is_that_of_the_dense_forms_with_ids_rising(seed: int, share: float) -> None:
    parts = [random_sparse(seed), random_sparse(seed + 1)]
    distributions = mixture(parts, [share, 1 - share])
    expected = share * parts[0].dense() + (1 - share) * parts[1].dense()
    assert distributions.dense() == pytest.approx(expected)
    places = distributions.owners * 7 + distributions.ids
    assert (np.diff(places) > 0).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_log_softmax_has_the_bits_of_scipys(dtype: type, temperature: float) -> None:
    logits = (np.random.default_rng(0).standard_normal((7, 4, 1000)) * 300).astype(dtype)
    logits[..., ::3] = -np.inf
    expected = special.log_softmax(logits.astype(np.float64) / temperature, axis=-1)
    assert log_softmax(logits, temperature).tobytes() == expected.tobytes()
