"""The transfer set: which rows belong to it."""

import numpy as np
import pytest
from support.training.jobs import a_fit

from stillroom.errors import DataError
from stillroom.training.data.row_selection import rows_of_teachers, transfer_mask

KEYS = [n.to_bytes(16, "big") for n in range(4000)]


def labels(count: int = 4000) -> np.ndarray:
    return np.arange(count) % 4


def test_all_rows_are_taken_unless_fewer_are_requested() -> None:
    assert transfer_mask(a_fit(), KEYS, labels()).all()
    mixed = np.where(np.arange(4000) < 100, -1, labels())
    assert transfer_mask(a_fit(rows="labelled"), KEYS, mixed).tolist() == (mixed >= 0).tolist()


def test_teachers_learn_from_labelled_rows_and_in_running_text_from_all() -> None:
    assert rows_of_teachers(("a", "b")) == "labelled"
    assert rows_of_teachers(()) == "all"


def test_a_share_depends_on_keys_and_seed_alone() -> None:
    some = transfer_mask(a_fit(share=0.03), KEYS, labels())
    assert 80 < some.sum() < 160  # 120, with a standard deviation of 11
    order = np.random.default_rng(0).permutation(4000)
    turned = transfer_mask(a_fit(share=0.03), [KEYS[n] for n in order], labels()[order])
    assert (turned == some[order]).all()
    other = transfer_mask(a_fit(share=0.03, seed=1), KEYS, labels())
    assert (some & other).sum() < 20
    assert (transfer_mask(a_fit(share=0.1), KEYS, labels()) >= some).all()


def test_classes_that_are_left_out_are_left_out() -> None:
    kept = transfer_mask(a_fit(without=(3, 0)), KEYS, labels())
    assert set(labels()[kept]) == {1, 2}
    assert kept.sum() == 2000


def test_a_row_that_may_be_of_a_class_left_out_is_an_error() -> None:
    some = labels()
    some[7] = -1
    with pytest.raises(DataError, match="may belong to any class"):
        transfer_mask(a_fit(without=(3,)), KEYS, some)
    assert transfer_mask(a_fit(without=(3,), rows="labelled"), KEYS, some).sum() == 3000


def test_no_row_at_all_is_an_error() -> None:
    with pytest.raises(DataError, match=r"student would learn from none of the 4"):
        transfer_mask(a_fit(without=(0, 1, 2, 3)), KEYS[:4], labels(4))
