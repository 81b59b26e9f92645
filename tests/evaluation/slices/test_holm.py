import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.evaluation.slices.holm import holm


def test_four_by_hand() -> None:
    # Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.06, 0.04; the last is 0.06
    # too, since none falls below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_one_is_as_it_was_and_none_is_none() -> None:
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_between_the_value_and_its_bonferroni_and_never_above_one(p: list[float]) -> None:
    for value, adjusted in zip(p, holm(p), strict=True):
        assert value <= adjusted <= min(1, value * len(p)) + 1e-12
