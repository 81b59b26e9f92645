"""Token masks: they depend only on key and view, have BERT's shares and can be undone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stillroom.data.text.token_layout import LABELS, POSITIONS, TOKENS
from stillroom.data.views.token_masks import TRANSFORM, Masks
from stillroom.errors import DataError, SoftLabelError

FIRST, LAST, UNKNOWN, MASK = 2, 3, 1, 4
MASKS = Masks(
    share=0.15, seed=7, mask=MASK, special=(0, 1, 2, 3, 4), unknown=UNKNOWN, vocabulary=50
)


def sequences(count: int, length: int = 24, seed: int = 0) -> NDArray[np.int32]:
    """Return rows of different lengths, with special tokens around each."""
    draws = np.random.default_rng(seed)
    rows = np.full((count, 3, length), -1, dtype=np.int32)
    for row in rows:
        size = int(draws.integers(3, length + 1))
        row[TOKENS, :size] = draws.integers(5, 50, size)
        row[TOKENS, [0, size - 1]] = FIRST, LAST
        row[POSITIONS, :size] = np.arange(size)
    return rows


def keys(count: int, start: int = 0) -> list[bytes]:
    return [number.to_bytes(16, "big") for number in range(start, start + count)]


@given(st.integers(0, 10_000), st.integers(0, 9))
def test_a_mask_is_a_function_of_key_and_view_alone(seed: int, view: int) -> None:
    rows, names = sequences(12, seed=seed), keys(12, start=seed)
    whole = MASKS.apply(rows, names, view)
    at = np.random.default_rng(seed).permutation(12)[: 1 + seed % 12]
    # With other rows beside it, in another order, from another view, with more padding.
    others = MASKS.apply(rows[at], [names[n] for n in at], view + 1)
    longer = np.pad(others, ((0, 0), (0, 0), (0, 5)), constant_values=-1)
    again = MASKS.with_count(99).apply(longer, [names[n] for n in at], view)
    assert (again[:, :, :24] == whole[at]).all()
    assert (again[:, :, 24:] == -1).all()


def test_what_stood_there_is_the_label_and_nothing_else_changes() -> None:
    rows = sequences(200)
    masked = MASKS.apply(rows, keys(200), 1)
    hidden = masked[:, LABELS] >= 0
    assert (masked[:, LABELS][hidden] == rows[:, TOKENS][hidden]).all()
    assert (masked[:, TOKENS][~hidden] == rows[:, TOKENS][~hidden]).all()
    assert (masked[:, POSITIONS] == rows[:, POSITIONS]).all()
    assert (rows[:, LABELS] == -1).all()  # the input stays as it was
    assert not np.isin(rows[:, TOKENS][hidden], [-1, FIRST, LAST]).any()


def test_the_share_of_each_sequence_is_chosen_and_one_token_at_least() -> None:
    rows = sequences(200)
    masked = MASKS.apply(rows, keys(200), 1)
    eligible = ((rows[:, TOKENS] >= 0) & ~np.isin(rows[:, TOKENS], MASKS.special)).sum(axis=1)
    expected = [max(1, int(0.15 * count + 0.5)) for count in eligible]
    assert (masked[:, LABELS] >= 0).sum(axis=1).tolist() == expected
    assert min(expected) == 1 < max(expected)


def test_of_ten_chosen_tokens_eight_are_hidden_one_is_another_and_one_is_left() -> None:
    # 40,000 positions, half of them chosen; four standard deviations.
    many = Masks(
        share=0.5, seed=0, mask=MASK, special=MASKS.special, unknown=UNKNOWN, vocabulary=50
    )
    rows = np.full((400, 3, 100), -1, dtype=np.int32)
    rows[:, TOKENS] = 9
    masked = many.apply(rows, keys(400), 3)
    seen = masked[:, TOKENS][masked[:, LABELS] >= 0]
    assert len(seen) == 20_000
    hidden, others = seen == MASK, seen[(seen != MASK) & (seen != 9)]
    left = 20_000 - hidden.sum() - len(others)
    assert abs(hidden.sum() - 16_000) < 4 * np.sqrt(20_000 * 0.8 * 0.2)
    # One in 45 random tokens is the token itself.
    assert abs(len(others) - 2000 * 44 / 45) < 4 * np.sqrt(2000)
    assert abs(left - 2000 * 46 / 45) < 4 * np.sqrt(2000)
    assert set(others) == set(range(5, 50)) - {9}
    # All positions are equally likely: 200 of 400.
    assert np.abs((masked[:, LABELS] >= 0).sum(axis=0) - 200).max() < 4.5 * 10


@pytest.mark.parametrize(
    ("view", "seed", "first"), [(2, 7, 0), (1, 8, 0), (1, 7, 50)], ids=["view", "seed", "key"]
)
def test_another_view_seed_or_key_hides_other_tokens(view: int, seed: int, first: int) -> None:
    rows = sequences(50)
    other = Masks(share=0.15, seed=seed, mask=MASK, special=MASKS.special, unknown=1, vocabulary=50)
    masked = other.apply(rows, keys(50, start=first), view)
    same = (masked == MASKS.apply(rows, keys(50), 1)).all(axis=(1, 2))
    assert same.sum() < 20  # some of the short rows agree by chance


def test_an_unknown_word_can_be_hidden_and_a_row_of_special_tokens_cannot() -> None:
    row = np.full((1, 3, 4), -1, dtype=np.int32)
    row[0, TOKENS, :3] = FIRST, UNKNOWN, LAST
    masked = MASKS.apply(row, keys(1), 0)
    assert masked[0, LABELS].tolist() == [-1, UNKNOWN, -1, -1]
    row[0, TOKENS, 1] = FIRST
    with pytest.raises(DataError, match="Sequence 0 of 1 holds only special tokens"):
        MASKS.apply(row, keys(1), 0)


def test_no_rows_are_no_masks() -> None:
    assert MASKS.apply(sequences(0), [], 1).shape == (0, 3, 24)


def test_todays_masks_are_those_of_sets_that_were_captured_before() -> None:
    # From the first release of mask-1. Whoever changes a number here raises TRANSFORM.
    assert TRANSFORM == "mask-1"
    row = np.full((1, 3, 12), -1, dtype=np.int32)
    row[0, TOKENS] = np.arange(10, 22)
    masked = {view: MASKS.apply(row, [bytes(range(16))], view)[0] for view in (0, 1, 2)}
    places = {view: np.flatnonzero(one[LABELS] >= 0).tolist() for view, one in masked.items()}
    assert places == {0: [4, 9], 1: [3, 9], 2: [1, 4]}
    seen = {view: one[TOKENS, places[view]].tolist() for view, one in masked.items()}
    assert seen == {0: [14, MASK], 1: [MASK, MASK], 2: [MASK, 26]}


def test_a_capture_names_share_and_seed_and_not_how_many_views_there_are() -> None:
    assert MASKS.name == MASKS.with_count(9).name == "mask-1 share=0.15 seed=7"
    assert MASKS.from_name(MASKS.name, 4) == MASKS.with_count(4)
    for name in ("none", "mask-0 share=0.15 seed=7", "mask-1 share=0.3 seed=7"):
        with pytest.raises(SoftLabelError, match="kedro run --pipeline=capture"):
            MASKS.from_name(name, 4)


def test_the_numbers_of_the_views_leave_out_the_one_that_is_measured_on() -> None:
    assert MASKS.with_count(3).view_numbers == [1, 2, 3]
    assert MASKS.view_numbers == [0]
