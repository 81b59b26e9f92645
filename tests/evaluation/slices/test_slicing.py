from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.errors import ConfigError, DataError
from stillroom.evaluation.slices.slicing import (
    BANDS,
    Slice,
    by_class,
    by_condition,
    by_confidence,
    by_size,
)


def sizes_of(slices: list[Slice]) -> list[tuple[str, int]]:
    """Return each slice's name, with a plain hyphen for its dash, and its number of examples."""
    return [(one.name.replace("\N{EN DASH}", "-"), int(one.rows.sum())) for one in slices]


def test_a_class_without_an_example_is_no_slice() -> None:
    slices = by_class(np.array([2, 0, 2, 2]), ["cat", "dog", "owl"])
    assert sizes_of(slices) == [("class cat", 1), ("class owl", 3)]
    assert slices[1].rows.tolist() == [True, False, True, True]
    assert {one.kind for one in slices} == {"class"}


def test_a_label_without_a_class_is_refused() -> None:
    with pytest.raises(DataError, match="runs from 0 to 2"):
        by_class(np.array([0, 2]), ["cat", "dog"])


def test_bands_of_confidence_by_hand() -> None:
    # Eight values; every second one begins a band. Names are rounded down to whole percents.
    sure = np.array([0.415, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99])
    assert sizes_of(by_confidence(sure)) == [
        ("teacher 41-60% sure", 2),
        ("teacher 60-80% sure", 2),
        ("teacher 80-95% sure", 2),
        ("teacher 95-100% sure", 2),
    ]


def test_bands_that_whole_percents_cannot_distinguish_have_digits() -> None:
    sure = np.array([0.9981, 0.9982, 0.9991, 0.9992, 0.9995, 0.9996, 0.9998, 0.9999])
    assert [name for name, _ in sizes_of(by_confidence(sure))] == [
        "teacher 99.81-99.91% sure",
        "teacher 99.91-99.95% sure",
        "teacher 99.95-99.98% sure",
        "teacher 99.98-100% sure",
    ]


def test_a_teacher_that_is_mostly_certain_has_two_bands() -> None:
    sure = np.concatenate([np.full(80, np.float32(1.0)), np.linspace(0.3, 0.9, 20)])
    assert sizes_of(by_confidence(sure)) == [
        ("teacher 30-100% sure", 20),
        ("teacher 100% sure", 80),
    ]


def test_a_percentage_that_floats_cannot_hold_is_in_its_own_band() -> None:
    # 0.29 * 100 is 28.999999999999996.
    assert sizes_of(by_confidence(np.array([0.2, 0.29])))[1] == ("teacher 29-30% sure", 1)


def test_bands_of_size_by_hand() -> None:
    sizes = np.array([3, 3, 4, 7, 7, 9, 1200, 1500])
    assert sizes_of(by_size(sizes, "tokens")) == [
        ("3 tokens", 2),
        ("4 tokens", 1),
        ("7-9 tokens", 3),
        ("1,200-1,500 tokens", 2),
    ]


@pytest.mark.parametrize("few", [[4], [900]])
def test_a_few_sizes_that_differ_have_separate_slices(few: list[int]) -> None:
    assert [count for _, count in sizes_of(by_size(np.array([128] * 50 + few), "tokens"))] in (
        [1, 50],
        [50, 1],
    )


def test_what_is_the_same_everywhere_is_no_slice() -> None:
    assert by_size(np.full(5, 784), "pixels") == []
    assert by_confidence(np.full(5, 0.7)) == []


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_bands_of_size_part_the_examples_in_order(sizes: list[int]) -> None:
    _require_parts(by_size(np.array(sizes), "tokens"), np.array(sizes))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_bands_of_confidence_part_the_examples_in_order(sure: list[float]) -> None:
    _require_parts(by_confidence(np.array(sure)), np.array(sure))


def _require_parts(slices: list[Slice], values: np.ndarray) -> None:
    if not slices:
        return
    assert 2 <= len(slices) <= BANDS
    assert (sum(one.rows.astype(int) for one in slices) == 1).all()
    assert len({one.name for one in slices}) == len(slices)
    for lower, upper in pairwise(slices):
        assert values[lower.rows].max() < values[upper.rows].min()


@given(st.sets(st.integers(0, 10_000), min_size=40, max_size=400))
def test_bands_of_sizes_that_all_differ_are_even(sizes: set[int]) -> None:
    counts = [count for _, count in sizes_of(by_size(np.array(sorted(sizes)), "tokens"))]
    assert len(counts) == BANDS
    assert max(counts) - min(counts) <= 1


def test_conditions_keep_their_names_and_may_hold_of_nothing() -> None:
    frame = pl.DataFrame({"n_tokens": [3, 8, 12]})
    slices = by_condition(
        frame, {"short": "pl.col('n_tokens') < 8", "none": "pl.col('n_tokens') < 0"}
    )
    assert sizes_of(slices) == [("short", 1), ("none", 0)]
    assert {one.kind for one in slices} == {"condition"}


def test_a_condition_that_cannot_be_read_is_named_as_in_the_config() -> None:
    with pytest.raises(ConfigError, match=r"^evaluate\.slices\.short calls apply\(\)"):
        by_condition(pl.DataFrame({"a": [1]}), {"short": "pl.col('a').apply(print)"})
