"""Top-k: hand-computed heads, and laws that hold for any logits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stillroom.errors import SoftLabelError
from stillroom.softlabels.sparsify import TopK, log_sum_exp, top_k

LOGITS = arrays(np.float32, (3, 5), elements=st.floats(-50, 50, width=32))


def test_the_two_largest_of_four_are_kept_with_log_z_over_all() -> None:
    # exp(0) + exp(ln 2) + exp(ln 4) + exp(ln 1) = 1 + 2 + 4 + 1 = 8; at T = 2 each is its root.
    row = np.log(np.array([[1.0, 2.0, 4.0, 1.0]], dtype=np.float32))
    sparse = top_k(row, TopK(2, (1.0, 2.0)))
    assert sparse.ids.tolist() == [[2, 1]]
    assert sparse.logits[0] == pytest.approx([math.log(4), math.log(2)])
    assert sparse.log_z[0, 0] == pytest.approx(math.log(8))
    assert sparse.log_z[0, 1] == pytest.approx(math.log(1 + math.sqrt(2) + 2 + 1))
    # entropy of (1/8, 2/8, 4/8, 1/8) = 2 * 3/8 + 2/4 + 1/2 bits = 1.75 bits
    assert sparse.entropy[0] == pytest.approx(1.75 * math.log(2))


def test_equal_logits_are_kept_by_rising_id() -> None:
    sparse = top_k(np.array([[1.0, 3.0, 3.0, 3.0]], dtype=np.float32), TopK(2, (1.0,)))
    assert sparse.ids.tolist() == [[1, 2]]


def test_k_beyond_the_classes_keeps_them_all() -> None:
    assert TopK(9, (1.0,)).entries(4) == TopK("all", (1.0,)).entries(4) == 4


@given(LOGITS)
def test_a_whole_head_sums_to_one_at_every_captured_temperature(logits: np.ndarray) -> None:
    temperatures = (1.0, 4.0, 20.0)
    sparse = top_k(logits, TopK("all", temperatures))
    for column, temperature in enumerate(temperatures):
        mass = np.exp(sparse.logits.astype(float) / temperature - sparse.log_z[:, [column]])
        assert mass.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


@given(LOGITS, st.permutations(range(3)))
def test_a_row_does_not_depend_on_the_rows_around_it(logits: np.ndarray, order: list[int]) -> None:
    sparsifier = TopK(2, (1.0, 4.0))
    whole, moved = top_k(logits, sparsifier), top_k(logits[order], sparsifier)
    assert (whole.ids[order] == moved.ids).all()
    assert (whole.log_z[order] == moved.log_z).all()


@given(LOGITS)
def test_the_kept_logits_are_no_smaller_than_the_dropped(logits: np.ndarray) -> None:
    sparse = top_k(logits, TopK(2, (1.0,)))
    for row, kept in zip(logits, sparse.ids, strict=True):
        dropped = np.delete(row, kept)
        assert row[kept].min() >= dropped.max()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_answer_that_is_not_finite_names_its_row(bad: float) -> None:
    logits = np.zeros((3, 4), dtype=np.float32)
    logits[1, 2] = bad
    with pytest.raises(SoftLabelError, match="row 1"):
        top_k(logits, TopK(2, (1.0,)))


def test_log_sum_exp_neither_overflows_nor_underflows() -> None:
    assert log_sum_exp(np.array([[1000.0, 1000.0]]))[0] == pytest.approx(1000 + math.log(2))
    assert log_sum_exp(np.array([[-1000.0, -1000.0]]))[0] == pytest.approx(-1000 + math.log(2))
