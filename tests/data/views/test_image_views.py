"""Image views: they depend only on key, view and seed; the pixels that they shift."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.data.views.image_views import PLAIN, TRANSFORM, Views, shifted
from stillroom.errors import SoftLabelError

VIEWS = Views(count=4, shift=2, seed=7)
KEYS = [bytes([n]) * 16 for n in range(12)]


def images(count: int = 12, channels: int = 2, seed: int = 0) -> np.ndarray:
    draws = np.random.default_rng(seed)
    return draws.standard_normal((count, channels, 5, 6)).astype(np.float32)


def test_an_image_moved_by_hand() -> None:
    image = np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    # One down: the first row is repeated. Two to the left: the last column is repeated.
    assert shifted(image, np.array([[1, 0]]), 2)[0, 0].tolist() == [[0, 1, 2], [0, 1, 2], [3, 4, 5]]
    assert shifted(image, np.array([[0, -2]]), 2)[0, 0].tolist() == [
        [2, 2, 2],
        [5, 5, 5],
        [8, 8, 8],
    ]
    assert shifted(image, np.array([[0, 0]]), 2).tolist() == image.tolist()


@given(st.integers(0, 3), st.integers(0, 1000))
def test_each_pixel_is_the_one_that_was_moved_there_or_the_nearest_edge(
    shift: int, seed: int
) -> None:
    batch = images(3, seed=seed)
    moves = np.random.default_rng(seed).integers(-shift, shift + 1, (3, 2))
    views = shifted(batch, moves, shift)
    for n, (down, right) in enumerate(moves):
        for y in range(5):
            for x in range(6):
                source = batch[n, :, min(max(y - down, 0), 4), min(max(x - right, 0), 5)]
                assert (views[n, :, y, x] == source).all()


def test_view_0_is_the_image_itself() -> None:
    batch = images()
    assert VIEWS.apply(batch, KEYS, 0) is batch


def test_a_view_depends_on_key_view_and_seed_and_on_nothing_else() -> None:
    batch = images()
    whole = VIEWS.apply(batch, KEYS, 3)
    order = np.random.default_rng(1).permutation(12)
    turned = VIEWS.apply(batch[order], [KEYS[n] for n in order], 3)
    assert (turned == whole[order]).all()
    for n in range(12):
        alone = Views(count=9, shift=2, seed=7).apply(batch[n : n + 1], KEYS[n : n + 1], 3)
        assert (alone[0] == whole[n]).all()


def test_the_move_is_the_same_for_any_content() -> None:
    # The student's preprocessing of the image may differ from the teacher's.
    batch = images()
    one, other = VIEWS.apply(batch, KEYS, 1), VIEWS.apply(batch * 2 - 1, KEYS, 1)
    assert (other == one * 2 - 1).all()


@pytest.mark.parametrize(
    ("keys", "views", "view"),
    [(KEYS[::-1], VIEWS, 1), (KEYS, VIEWS, 2), (KEYS, Views(count=4, shift=2, seed=8), 1)],
    ids=["key", "view", "seed"],
)
def test_another_key_view_or_seed_moves_most_images_otherwise(
    keys: list[bytes], views: Views, view: int
) -> None:
    batch = images()
    same = (views.apply(batch, keys, view) == VIEWS.apply(batch, KEYS, 1)).all(axis=(1, 2, 3))
    assert same.sum() < 4  # one in 25 by chance


def test_moves_are_even_over_all_that_are_allowed() -> None:
    # A single bright pixel shows the shift. 25 shifts, 160 of each, four standard deviations.
    count = 4000
    batch = np.zeros((count, 1, 5, 5), np.float32)
    batch[:, 0, 2, 2] = 1
    keys = [n.to_bytes(16, "big") for n in range(count)]
    places = VIEWS.apply(batch, keys, 1).reshape(count, 25).argmax(axis=1)
    counts = np.bincount(places, minlength=25)
    assert np.abs(counts - 160).max() < 4 * np.sqrt(160)


def test_todays_views_are_those_of_sets_that_were_captured_before() -> None:
    # From the first release of shift-2. Whoever changes a number here raises TRANSFORM.
    assert TRANSFORM == "shift-2"
    batch = np.zeros((4, 1, 5, 5), np.float32)
    batch[:, 0, 2, 2] = 1
    keys = [b"\x00" * 16, b"\x01" * 16, bytes(range(16)), b"\xff" * 16]
    pixels = {
        view: VIEWS.apply(batch, keys, view).reshape(4, 25).argmax(axis=1).tolist()
        for view in (1, 2)
    }
    assert pixels == {1: [2, 22, 15, 14], 2: [10, 7, 22, 3]}


def test_a_capture_names_the_transform_and_not_how_many_views_there_are() -> None:
    assert VIEWS.name == "shift-2 shift=2 seed=7"
    assert Views(count=9, shift=2, seed=7).name == VIEWS.name
    assert PLAIN.name == Views(count=0, shift=3, seed=1).name == "none"
    names = {Views(count=1, shift=s, seed=n).name for s in (1, 2) for n in (0, 1)}
    assert len(names) == 4


def test_views_come_back_from_their_name() -> None:
    assert Views.from_name(VIEWS.name, 4) == VIEWS
    assert Views.from_name("none", 0) == PLAIN


@pytest.mark.parametrize(
    "name", ["shift-1 shift=2 seed=7", "crop-1 shift=2 seed=7", "shift-2 shift=2", "shift-2", ""]
)
def test_a_transform_that_is_not_known_here_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(SoftLabelError) as raised:
        Views.from_name(name, 4)
    assert f"views by {name!r}, but this version makes views by shift-2" in str(raised.value)
    assert "kedro run --pipeline=capture" in str(raised.value)


def test_the_numbers_of_the_views_leave_out_the_plain_one() -> None:
    assert VIEWS.view_numbers == [1, 2, 3, 4]
    assert PLAIN.view_numbers == [0]
