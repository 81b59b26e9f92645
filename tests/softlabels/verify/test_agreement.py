"""Agreement: shares that were counted by hand, and the two misalignments that they tell."""

from math import isnan

import numpy as np
import pytest

from stillroom.errors import SoftLabelError
from stillroom.softlabels.verify.agreement import Agreement


def seen(tops: list[int], labels: list[int], *cuts: int, classes: int = 3) -> Agreement:
    """Return what is counted of positions that come in several pieces."""
    found = Agreement.over(classes)
    pieces = zip(np.split(np.array(tops), cuts), np.split(np.array(labels), cuts), strict=True)
    for piece in pieces:
        found.see(*piece)
    return found


TOPS = [0, 1, 2, 0, 1, 0]
LABELS = [0, 1, 0, -1, 2, 0]


@pytest.mark.parametrize("cuts", [(), (1,), (2, 4), (1, 2, 3, 4, 5)])
def test_shares_by_hand_however_the_positions_come(cuts: tuple[int, ...]) -> None:
    found = seen(TOPS, LABELS, *cuts)
    # The position without a label does not count: tops 0 1 2 1 0 beside labels 0 1 0 2 0.
    assert found.count == 5
    assert found.found == pytest.approx(3 / 5)
    # Shuffled: of 25 pairs, tops 0, 0 beside labels 0, 0, 0 agree 6 times; 1, 1 beside 1 twice;
    # 2 beside 2 once.
    assert found.shuffled == pytest.approx((2 * 3 + 2 * 1 + 1 * 1) / 25)
    # Tops from the second on beside labels before them: 1-0 2-1 1-0 0-2, none agrees. The other
    # way round: 0-1 1-0 2-2 1-0, one of four.
    assert found.shifted == pytest.approx(1 / 4)


def test_the_shares_of_labels_moved_either_way_by_hand() -> None:
    assert seen([0, 1, 2, 0], [2, 0, 1, 2]).shifted == 1.0  # each label is the top before it
    assert seen([0, 1, 2, 0], [1, 2, 0, 1]).shifted == 1.0  # each label is the top after it
    assert seen([0, 1, 2, 0], [1, 2, 0, 1]).found == 0.0


def test_without_labels_there_are_no_shares_and_nothing_to_refuse() -> None:
    none = seen([0, 1], [-1, -1])
    assert isnan(none.found)
    assert isnan(none.shuffled)
    assert isnan(none.shifted)
    none.require("member 0")
    one = seen([0], [1])
    assert one.found == 0.0
    assert isnan(one.shifted)
    one.require("member 0")


def test_labels_that_agree_no_better_than_shuffled_ones_are_refused_with_the_shares() -> None:
    # Two classes, evenly: shuffled labels agree half the time, ±1/20 over 100 positions, so that
    # 65 of 100 are chance and 66 are not.
    labels = [n % 2 for n in range(100)]

    def agreeing(equal: int) -> Agreement:
        # The wrong ones come in pairs of both classes, so that the shares of classes stay even.
        order = np.random.default_rng(0).permutation(50)
        tops = list(labels)
        for pair in order[: (100 - equal) // 2]:
            tops[2 * pair], tops[2 * pair + 1] = 1, 0
        return seen(tops, labels, classes=2)

    assert agreeing(64).shuffled == 0.5
    words = r"member 1 agrees with 64\.0% .* shuffled labels would agree with 50\.0% \(±5\.0%\)"
    with pytest.raises(SoftLabelError, match=words):
        agreeing(64).require("member 1")
    agreeing(66).require("member 1")


def test_labels_that_agree_better_moved_by_one_are_refused() -> None:
    random = np.random.default_rng(1)
    tops = random.integers(0, 3, 400)
    labels = np.where(random.random(400) < 0.5, tops, np.roll(tops, 1))
    assert seen(tops.tolist(), labels.tolist()).found > 0.5
    seen(tops.tolist(), labels.tolist()).require("member 0")
    # A third of the moved ones agree by chance: 0.3 + 0.7 / 3 in place, 0.7 + 0.3 / 3 moved.
    mostly = np.where(random.random(400) < 0.3, tops, np.roll(tops, 1))
    with pytest.raises(SoftLabelError, match=r"where they stand, and with 8\d\.\d% of them moved"):
        seen(tops.tolist(), mostly.tolist()).require("member 0")


def test_labels_of_one_class_in_runs_are_no_shift() -> None:
    # Sorted by class nearly every label moved by one still agrees, and that is no reproach.
    runs = [0] * 50 + [1] * 50 + [2] * 50
    assert seen(runs, runs).shifted == pytest.approx(147 / 149)
    seen(runs, runs).require("member 0")


def test_a_handful_of_rows_is_not_told_from_chance() -> None:
    # Three positions: a shuffle agrees with 1/2 give or take 0.29, so that 3 of 3 prove nothing.
    few = seen([0, 1, 1], [1, 0, 0])
    assert few.found == 0
    few.require("member 0")
    with pytest.raises(SoftLabelError, match="shuffled labels would agree"):
        seen([0, 1, 1] * 100, [1, 0, 0] * 100).require("member 0")


def test_what_it_holds_does_not_grow_with_the_positions() -> None:
    found = Agreement.over(5)
    for _ in range(100):
        found.see(np.arange(1000) % 5, np.arange(1000) % 5)
    assert found.count == 100_000
    assert found.tops.tolist() == found.labels.tolist() == [20_000] * 5
