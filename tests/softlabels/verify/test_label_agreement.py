"""Agreement: shares counted by hand, and the two kinds of misalignment that they show."""

from math import isnan

import numpy as np
import pytest

from stillroom.errors import SoftLabelError
from stillroom.softlabels.verify.label_agreement import Agreement


def counted(tops: list[int], labels: list[int], *cuts: int, classes: int = 3) -> Agreement:
    """Return the counts of positions that were added in several pieces."""
    agreement = Agreement.over(classes)
    pieces = zip(np.split(np.array(tops), cuts), np.split(np.array(labels), cuts), strict=True)
    for piece in pieces:
        agreement.update(*piece)
    return agreement


TOPS = [0, 1, 2, 0, 1, 0]
LABELS = [0, 1, 0, -1, 2, 0]


@pytest.mark.parametrize("cuts", [(), (1,), (2, 4), (1, 2, 3, 4, 5)])
def test_shares_by_hand_regardless_of_how_the_positions_are_split(cuts: tuple[int, ...]) -> None:
    agreement = counted(TOPS, LABELS, *cuts)
    # The position without a label does not count: tops 0 1 2 1 0 beside labels 0 1 0 2 0.
    assert agreement.count == 5
    assert agreement.share == pytest.approx(3 / 5)
    # Shuffled: of 25 pairs, tops 0, 0 beside labels 0, 0, 0 agree 6 times; 1, 1 beside 1 twice;
    # 2 beside 2 once.
    assert agreement.shuffled == pytest.approx((2 * 3 + 2 * 1 + 1 * 1) / 25)
    # Tops from the second on beside labels before them: 1-0 2-1 1-0 0-2, none agrees. The other
    # way round: 0-1 1-0 2-2 1-0, one of four.
    assert agreement.shifted == pytest.approx(1 / 4)


def test_the_shares_of_labels_moved_either_way_by_hand() -> None:
    assert counted([0, 1, 2, 0], [2, 0, 1, 2]).shifted == 1.0  # each label is the top before it
    assert counted([0, 1, 2, 0], [1, 2, 0, 1]).shifted == 1.0  # each label is the top after it
    assert counted([0, 1, 2, 0], [1, 2, 0, 1]).share == 0.0


def test_without_labels_there_are_no_shares_and_nothing_to_refuse() -> None:
    none = counted([0, 1], [-1, -1])
    assert isnan(none.share)
    assert isnan(none.shuffled)
    assert isnan(none.shifted)
    none.require_rows("member 0")
    one = counted([0], [1])
    assert one.share == 0.0
    assert isnan(one.shifted)
    one.require_rows("member 0")


def test_labels_that_agree_no_better_than_shuffled_ones_are_refused_with_the_shares() -> None:
    # Two equal classes: shuffled labels agree half of the time, ±1/20 over 100 positions, so that
    # 65 of 100 may be chance and 66 are not.
    labels = [n % 2 for n in range(100)]

    def agreeing(equal: int) -> Agreement:
        # Wrong answers come in pairs of both classes, so that the shares of classes stay equal.
        order = np.random.default_rng(0).permutation(50)
        tops = list(labels)
        for pair in order[: (100 - equal) // 2]:
            tops[2 * pair], tops[2 * pair + 1] = 1, 0
        return counted(tops, labels, classes=2)

    assert agreeing(64).shuffled == 0.5
    words = r"member 1 agrees with 64\.0% .* shuffled labels would agree with 50\.0% \(±5\.0%\)"
    with pytest.raises(SoftLabelError, match=words):
        agreeing(64).require_rows("member 1")
    agreeing(66).require_rows("member 1")


def test_labels_that_agree_better_moved_by_one_are_refused() -> None:
    random = np.random.default_rng(1)
    tops = random.integers(0, 3, 400)
    labels = np.where(random.random(400) < 0.5, tops, np.roll(tops, 1))
    assert counted(tops.tolist(), labels.tolist()).share > 0.5
    counted(tops.tolist(), labels.tolist()).require_rows("member 0")
    # A third of the moved ones agree by chance: 0.3 + 0.7 / 3 in place, 0.7 + 0.3 / 3 moved.
    mostly = np.where(random.random(400) < 0.3, tops, np.roll(tops, 1))
    with pytest.raises(SoftLabelError, match=r"in their places, and with 8\d\.\d% of them when"):
        counted(tops.tolist(), mostly.tolist()).require_rows("member 0")


def test_answers_at_or_below_chance_stand_in_their_places_unless_moved_ones_agree_better() -> None:
    random = np.random.default_rng(6)
    labels = random.integers(0, 2, 400)
    swapped = counted((1 - labels).tolist(), labels.tolist())
    assert (swapped.share, swapped.shifted > 0.45) == (0, True)
    swapped.require_rows_in_place("member 0")
    constant = counted([0] * 400, labels.tolist())
    constant.require_rows_in_place("member 0")
    blind = counted(random.integers(0, 2, 400).tolist(), labels.tolist())
    blind.require_rows_in_place("member 0")
    blind.require_sequences_in_place("member 0", False)
    for way in (1, -1):
        moved = counted(np.roll(labels, way).tolist(), labels.tolist())
        with pytest.raises(SoftLabelError, match=r"100\.0% of them when they are moved"):
            moved.require_rows_in_place("member 0")
        with pytest.raises(SoftLabelError, match=r"100\.0% of them when they are moved"):
            moved.require_sequences_in_place("member 0", False)
        moved.require_sequences_in_place("member 0", True)
    for agreement in (swapped, constant, blind):
        with pytest.raises(SoftLabelError, match="shuffled labels would agree"):
            agreement.require_rows("member 0")


def test_labels_of_one_class_in_runs_are_no_shift() -> None:
    # If rows are sorted by class, nearly every label that is moved by one still agrees.
    runs = [0] * 50 + [1] * 50 + [2] * 50
    assert counted(runs, runs).shifted == pytest.approx(147 / 149)
    counted(runs, runs).require_rows("member 0")


def test_a_few_rows_cannot_be_distinguished_from_chance() -> None:
    # Three positions: a shuffle agrees on 1/2 ± 0.29, so that 3 of 3 prove nothing.
    few = counted([0, 1, 1], [1, 0, 0])
    assert few.share == 0
    few.require_rows("member 0")
    with pytest.raises(SoftLabelError, match="shuffled labels would agree"):
        counted([0, 1, 1] * 100, [1, 0, 0] * 100).require_rows("member 0")


def test_the_counts_do_not_grow_with_the_positions() -> None:
    agreement = Agreement.over(5)
    for _ in range(100):
        agreement.update(np.arange(1000) % 5, np.arange(1000) % 5)
    assert agreement.count == 100_000
    assert agreement.argmax_counts.tolist() == agreement.label_counts.tolist() == [20_000] * 5


def text(count: int) -> np.ndarray:
    """Return token ids, in which a token often follows itself and 0 is the most frequent."""
    random = np.random.default_rng(2)
    tokens = random.choice(5, count, p=[0.4, 0.15, 0.15, 0.15, 0.15])
    repeats = random.random(count) < 0.1
    for at in range(1, count):
        tokens[at] = tokens[at - 1] if repeats[at] else tokens[at]
    return tokens


def weak_answers(tokens: np.ndarray, right: float, repeated: float) -> np.ndarray:
    """Return answers to `tokens[1:]`: some are right, some repeat the token before, most are 0."""
    draws = np.random.default_rng(4).random(len(tokens) - 1)
    answers = np.where(draws < right, tokens[1:], 0)
    return np.where(draws > 1 - repeated, tokens[:-1], answers)


def of_sequence(answers: np.ndarray, labels: np.ndarray) -> Agreement:
    return counted(answers.tolist(), labels.tolist(), classes=5)


def test_a_weak_teacher_that_repeats_tokens_is_not_misaligned() -> None:
    tokens = text(20_000)
    weak = of_sequence(weak_answers(tokens, right=0.15, repeated=0.2), tokens[1:])
    assert weak.shifted > weak.share > weak.shuffled
    assert weak.is_better_moved
    for is_recaptured in (True, False):
        weak.require_sequences("member 0", is_recaptured)
    with pytest.raises(SoftLabelError, match="misaligned by one position"):
        weak.require_rows("member 0")  # a classifier cannot repeat the label of another row


@pytest.mark.parametrize(
    ("classes", "right", "repeated"),
    [(5, 0.1, 0.3), (5, 0.2, 0.35), (12, 0.15, 0.25), (40, 0.1, 0.2)],
)
def test_other_weak_teachers_are_not_called_misaligned_either(
    classes: int, right: float, repeated: float
) -> None:
    random = np.random.default_rng(classes)
    shares = np.array([0.4, *[0.6 / (classes - 1)] * (classes - 1)])
    tokens = random.choice(classes, 20_000, p=shares)
    answers = weak_answers(tokens, right, repeated)
    weak = counted(answers.tolist(), tokens[1:].tolist(), classes=classes)
    assert weak.is_better_moved
    weak.require_sequences("member 0", is_recaptured=True)


@pytest.mark.parametrize("moved", [1, -1])
def test_moved_labels_of_a_weak_teacher_are_found(moved: int) -> None:
    tokens = text(20_000)
    answers = weak_answers(tokens, right=0.3, repeated=0.0)
    right = of_sequence(answers, tokens[1:])
    assert not right.is_better_moved
    right.require_sequences("member 0", is_recaptured=False)
    wrong = of_sequence(np.roll(answers, moved), tokens[1:])
    assert wrong.is_better_moved
    words = "misaligned by one position|shuffled labels would agree"
    with pytest.raises(SoftLabelError, match=words):
        wrong.require_sequences("member 0", is_recaptured=False)


def test_a_teacher_that_only_repeats_is_at_chance() -> None:
    tokens = np.random.default_rng(5).integers(0, 5, 5000)
    copier = of_sequence(tokens[:-1], tokens[1:])
    assert copier.shifted == 1.0
    with pytest.raises(SoftLabelError, match=r"shuffled labels would agree.*cannot classify"):
        copier.require_sequences("member 0", is_recaptured=True)


def test_a_good_teacher_is_not_called_weak() -> None:
    tokens = text(5000)
    good = of_sequence(weak_answers(tokens, right=0.6, repeated=0.05), tokens[1:])
    assert not good.is_better_moved
    good.require_sequences("member 0", is_recaptured=False)
