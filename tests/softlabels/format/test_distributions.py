"""Distributions: coordinates by hand, and their laws."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import SoftLabelError
from stillroom.softlabels.format.distributions import Distributions, mixed, padded


def by_hand() -> Distributions:
    """Return (0, 0.25, 0, 0.5), nothing at all, and (0.125, 0, 0.75, 0.125), out of order."""
    return Distributions(
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
    return Distributions(owners[order], ids[order], weights, count, classes)


def test_counts_masses_and_the_dense_form_by_hand() -> None:
    found = by_hand()
    assert len(found) == 3
    assert found.counts.tolist() == [2, 0, 3]
    assert found.masses.tolist() == [0.75, 0, 1]
    assert found.dense().tolist() == DENSE


def test_rows_are_taken_in_the_order_given() -> None:
    taken = by_hand().take(np.array([2, 0]))
    assert taken.dense().tolist() == [DENSE[2], DENSE[0]]
    assert len(by_hand().take(np.array([], dtype=np.int64))) == 0


def test_padding_falls_by_weight_then_id_and_names_no_class_twice() -> None:
    ids, weights = by_hand().padded()
    assert weights.tolist() == [[0.5, 0.25, 0], [0, 0, 0], [0.75, 0.125, 0.125]]
    assert ids.tolist() == [[3, 1, 0], [0, 1, 2], [2, 0, 3]]


@given(st.integers(0, 10_000), st.permutations(range(5)))
def test_taking_is_indexing_the_dense_form(seed: int, order: list[int]) -> None:
    found = random_sparse(seed)
    taken = found.take(np.array(order[:3]))
    assert (taken.dense() == found.dense()[order[:3]]).all()


@given(st.integers(0, 10_000))
def test_the_padded_form_is_the_dense_one(seed: int) -> None:
    found = random_sparse(seed)
    ids, weights = found.padded()
    dense = np.zeros((5, 7))
    np.put_along_axis(dense, ids, weights, axis=1)
    assert (dense == found.dense()).all()
    assert all(len(set(row)) == len(row) for row in ids.tolist())
    assert (np.diff(weights, axis=1) <= 0).all()


def test_a_mixture_by_hand() -> None:
    one, other = by_hand(), by_hand().take(np.array([2, 1, 0]))
    found = mixed([one, other], [0.75, 0.25])
    # 3/4 (0, 1/4, 0, 1/2) + 1/4 (1/8, 0, 3/4, 1/8)
    assert found.dense()[0].tolist() == [0.03125, 0.1875, 0.1875, 0.40625]
    assert found.dense()[1].tolist() == [0, 0, 0, 0]


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_a_mixture_is_that_of_the_dense_forms_with_ids_rising(seed: int, share: float) -> None:
    parts = [random_sparse(seed), random_sparse(seed + 1)]
    found = mixed(parts, [share, 1 - share])
    expected = share * parts[0].dense() + (1 - share) * parts[1].dense()
    assert found.dense() == pytest.approx(expected)
    places = found.owners * 7 + found.ids
    assert (np.diff(places) > 0).all()


def test_several_weights_of_the_same_entries_are_padded_alike() -> None:
    first = by_hand()
    second = replace(first, weights=np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    ids, (one, two) = padded([first, second])
    assert one.tolist() == first.padded()[1].tolist()
    for row in range(3):
        found = dict(zip(ids[row].tolist(), two[row].tolist(), strict=True))
        held = {at: weight for at, weight in enumerate(second.dense()[row]) if weight}
        assert {at: weight for at, weight in found.items() if weight} == held


def test_weights_of_other_entries_are_refused() -> None:
    first = by_hand()
    other = replace(first, ids=np.array([1, 1, 0, 3, 3]))
    with pytest.raises(SoftLabelError, match="other classes at one temperature"):
        padded([first, other])
