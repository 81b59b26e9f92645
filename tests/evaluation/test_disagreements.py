import json
import math
from dataclasses import asdict

import numpy as np
import pytest

from stillroom.errors import DataError
from stillroom.evaluation.disagreements import Example, Position, disagreements, token_disagreements

TEACHER = np.array([[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.5, 0.5]])
# Row 0 loses .4, row 1 gains, row 2 loses .4 of class 1, row 3 nothing.
STUDENT = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0], [0.5, 0.5]])
LABELS = np.array([0, 0, 1, 0])


def test_the_worst_losses_come_first_and_ties_by_row() -> None:
    examples = disagreements(TEACHER, STUDENT, LABELS, ["cat", "dog"], 9)
    assert [one.row for one in examples.lost] == [0, 2]
    # KL of row 0: .9 ln(.9 / .5) + .1 ln(.1 / .5).
    assert examples.lost[0] == Example(
        row=0,
        actual="cat",
        teacher="cat",
        teacher_probability=pytest.approx(0.9),
        student="cat",
        student_probability=pytest.approx(0.5),
        teacher_on_actual=pytest.approx(0.9),
        student_on_actual=pytest.approx(0.5),
        lost=pytest.approx(0.4),
        kl=pytest.approx(0.9 * math.log(1.8) + 0.1 * math.log(0.2)),
    )
    assert examples.lost[1].teacher == "cat"
    assert examples.lost[1].actual == "dog"


def test_those_furthest_apart_are_by_kl_though_nothing_is_lost() -> None:
    examples = disagreements(TEACHER, STUDENT, LABELS, ["cat", "dog"], 9)
    # Row 2: .4 ln(.4 / 1e-12) is the largest. Row 1: .8 ln(8 / 9) + .2 ln 2 = .044; row 0: .368.
    assert [one.row for one in examples.apart] == [2, 0, 1]
    assert examples.apart[2].kl == pytest.approx(0.8 * math.log(8 / 9) + 0.2 * math.log(2))
    assert examples.apart[2].lost == pytest.approx(-0.1)


def test_at_most_the_requested_number_and_none_if_both_answer_alike() -> None:
    assert len(disagreements(TEACHER, STUDENT, LABELS, ["cat", "dog"], 1).lost) == 1
    same = disagreements(TEACHER, TEACHER, LABELS, ["cat", "dog"], 9)
    assert (same.lost, same.apart) == ((), ())


def test_the_result_is_json() -> None:
    document = asdict(disagreements(TEACHER, STUDENT, LABELS, ["cat", "dog"], 9))
    assert json.loads(json.dumps(document, allow_nan=False))["lost"][0]["actual"] == "cat"


def test_other_examples_or_names_are_refused() -> None:
    with pytest.raises(DataError, match="same examples"):
        disagreements(TEACHER, STUDENT[:-1], LABELS, ["cat", "dog"], 9)
    with pytest.raises(DataError, match="1 class names for 2"):
        disagreements(TEACHER, STUDENT, LABELS, ["cat"], 9)


def test_of_each_sequence_the_worst_token_alone() -> None:
    # Sequences of 3, 0, 2 and 1 tokens. The first loses 1, 3, 3; the third -1, 2; the last nothing.
    teacher = np.array([1.0, 1, 1, 2, 1, 5])
    student = np.array([2.0, 4, 4, 1, 3, 4])
    positions = token_disagreements(teacher, student, np.array([3, 0, 2, 1]), 9)
    assert positions == (Position(0, 1, 1.0, 4.0, 3.0), Position(2, 1, 1.0, 3.0, 2.0))
    assert token_disagreements(teacher, student, np.array([3, 0, 2, 1]), 1) == positions[:1]


def test_equal_losses_are_by_sequence() -> None:
    positions = token_disagreements(np.zeros(3), np.ones(3), np.array([1, 1, 1]), 2)
    assert [one.sequence for one in positions] == [0, 1]


def test_no_sequence_gives_no_token() -> None:
    assert token_disagreements(np.array([]), np.array([]), np.array([], int), 3) == ()


@pytest.mark.parametrize(
    ("teacher", "student", "lengths"),
    [([1.0], [1.0, 2.0], [1]), ([1.0, 1], [1.0, 2], [3]), ([1.0], [math.inf], [1])],
)
def test_tokens_that_do_not_fit_are_refused(
    teacher: list[float], student: list[float], lengths: list[int]
) -> None:
    with pytest.raises(DataError, match="NLL"):
        token_disagreements(np.array(teacher), np.array(student), np.array(lengths), 3)
