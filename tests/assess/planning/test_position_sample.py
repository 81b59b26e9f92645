"""Position samples: evenly spread, the requested number, and at least one of each row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillroom.assess.planning.position_sample import position_sample, thinning
from stillroom.softlabels.capture.chunks import CaptureInput
from stillroom.softlabels.format.row import Row

LENGTHS = st.lists(st.integers(1, 40), min_size=1, max_size=12)


def of_lengths(lengths: list[int]) -> list[CaptureInput]:
    return [
        CaptureInput(
            Row(bytes(16), bytes(16), "a", 0, 0, np.zeros(length, np.int32)),
            lambda: np.zeros(1, np.int32),
        )
        for length in lengths
    ]


def test_what_can_be_held_is_looked_at_whole() -> None:
    inputs = of_lengths([3, 1, 2])
    places = position_sample(inputs, 6)
    assert [list(one) for one in places] == [[0, 1, 2], [0], [0, 1]]
    assert thinning(inputs, places) == 1


def test_places_are_at_even_distances() -> None:
    inputs = of_lengths([12, 12])
    places = position_sample(inputs, 6)  # every fourth, from the middle of the first four
    assert [list(one) for one in places] == [[2, 6, 10], [2, 6, 10]]
    assert thinning(inputs, places) == 4


@given(LENGTHS, st.integers(2, 200))
def test_every_row_is_looked_at_and_about_so_many_places(lengths: list[int], most: int) -> None:
    places = position_sample(of_lengths(lengths), most)
    assert all(
        0 < len(one) <= length and one[-1] < length
        for one, length in zip(places, lengths, strict=True)
    )
    assert sum(map(len, places)) <= most + len(lengths)
    assert all(len(set(one)) == len(one) for one in places)
    assert thinning(of_lengths(lengths), places) == pytest.approx(
        sum(lengths) / sum(map(len, places))
    )
