import json
import math
import time
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stillroom.errors import DataError
from stillroom.evaluation.dark_knowledge.transfer_share import (
    available,
    explained,
    share_by_class,
    transfer_share,
)

# One example of class 0: the wrong classes have half of the mass, and class 1 has 9/10 of it.
TEACHER = np.array([[0.5, 0.45, 0.05]])
LABELS = np.array([0])


def drawn(count: int, classes: int, seed: int = 0) -> tuple[Any, Any]:
    """Return labels, and a teacher to which each class looks like the next, in varying degrees."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    logits = 4 * np.eye(classes)[labels] + 2 * np.eye(classes)[(labels + 1) % classes]
    return labels, softmax(logits + random.standard_normal((count, classes)))


def softmax(logits: Any) -> Any:
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def even_between_wrong(labels: Any, classes: int, right: float) -> Any:
    rows = np.full((len(labels), classes), (1 - right) / (classes - 1))
    rows[np.arange(len(labels)), labels] = right
    return rows


def test_what_there_is_to_learn_is_the_information_between_the_wrong_classes() -> None:
    # .45 ln(.9 · 2) + .05 ln(.1 · 2)
    expected = 0.45 * math.log(1.8) + 0.05 * math.log(0.2)
    assert available(TEACHER, LABELS) == pytest.approx([expected], abs=1e-15)


def test_the_power_is_the_best_for_the_model() -> None:
    # The odds between the wrong classes are 9 to 1; the model's are 3 to 1, whose square is equal.
    model = np.array([[0.2, 0.6, 0.2]])
    assert explained(model, TEACHER, LABELS) == pytest.approx(available(TEACHER, LABELS), abs=1e-9)


def test_one_power_for_two_examples_is_worked_out_by_hand() -> None:
    # Two examples, the teacher's odds 9 : 1 each; the model has 3 : 1 and 1 : 3. No power above 0
    # helps one without hurting the other as much, and at 0 nothing is explained.
    taught = np.array([[0.5, 0.45, 0.05], [0.5, 0.45, 0.05]])
    model = np.array([[0.2, 0.6, 0.2], [0.2, 0.2, 0.6]])
    assert explained(model, taught, np.array([0, 0])).tolist() == [0, 0]


def test_a_student_equal_to_its_teacher_has_a_share_of_1() -> None:
    labels, teacher = drawn(400, 7)
    blind = even_between_wrong(labels, 7, 0.9)
    share = transfer_share(teacher, teacher[None], blind[None], labels)
    assert share.examples is not None
    assert asdict(share.examples.student) == pytest.approx({"value": 1, "low": 1, "high": 1})
    assert asdict(share.examples.control) == {"value": 0, "low": 0, "high": 0}
    assert share.examples.taught.value == pytest.approx(1)
    assert share.student_by_class == pytest.approx(1)
    assert share.control_by_class == 0


def test_what_the_control_has_without_a_teacher_does_not_count_as_taught() -> None:
    labels, teacher = drawn(400, 7)
    share = transfer_share(teacher, teacher[None], teacher[None], labels)
    assert share.examples is not None
    assert share.examples.control.value == pytest.approx(1)
    assert share.examples.taught.value == 0
    assert not share.examples.taught.is_clear


def test_the_likeness_of_classes_alone_is_all_by_class_and_less_by_example() -> None:
    labels, teacher = drawn(700, 7)
    means = np.stack([teacher[labels == label].mean(axis=0) for label in range(7)])[labels]
    share = transfer_share(teacher, means[None], means[None], labels)
    assert share.examples is not None
    assert 0.1 < share.examples.student.value < 0.9
    assert share.student_by_class == pytest.approx(1)


def test_over_confidence_is_not_ignorance() -> None:
    labels, teacher = drawn(400, 7)
    sure = teacher**3 / (teacher**3).sum(axis=1, keepdims=True)
    whole = available(teacher, labels).sum()
    assert explained(sure, teacher, labels).sum() / whole == pytest.approx(1, abs=1e-6)


def test_knowing_it_the_wrong_way_round_is_worth_nothing() -> None:
    labels, teacher = drawn(400, 7)
    inverse = 1 / teacher
    assert not explained(inverse / inverse.sum(axis=1, keepdims=True), teacher, labels).any()


def test_a_random_student_has_next_to_nothing() -> None:
    labels, teacher = drawn(2000, 7)
    random = np.random.default_rng(1).dirichlet(np.ones(7), 2000)
    assert explained(random, teacher, labels).sum() / available(teacher, labels).sum() < 0.01


def test_the_interval_holds_the_share_of_fresh_examples() -> None:
    # A student that sees its teacher's answers with noise; the truth is measured on 40,000 others.
    def hear(teacher: Any, seed: int) -> Any:
        noise = np.random.default_rng(seed).standard_normal(teacher.shape)
        return softmax(np.log(teacher) + 0.7 * noise)

    labels, teacher = drawn(40_000, 7, seed=5)
    truth = explained(hear(teacher, 6), teacher, labels).sum() / available(teacher, labels).sum()
    few, taught = drawn(500, 7, seed=8)
    blind = even_between_wrong(few, 7, 0.9)
    shares = transfer_share(taught, hear(taught, 9)[None], blind[None], few).examples
    assert shares is not None
    assert shares.student.low < truth < shares.student.high
    assert shares.student.high - shares.student.low < 0.2
    assert shares.taught.is_above_zero


def test_seeds_are_averaged() -> None:
    labels, teacher = drawn(200, 5)
    blind = even_between_wrong(labels, 5, 0.9)
    share = transfer_share(teacher, np.stack([teacher, blind]), np.stack([blind, blind]), labels)
    assert share.examples is not None
    assert share.examples.student.value == pytest.approx(0.5)
    assert share.student_by_class == pytest.approx(0.5)


@pytest.mark.parametrize("classes", [2, 6])
def test_where_there_is_nothing_to_learn_there_is_no_share(classes: int) -> None:
    # With two classes only one is wrong; with six, all wrong ones may be equal.
    labels = np.arange(60) % classes
    teacher = even_between_wrong(labels, classes, 0.7)
    share = transfer_share(teacher, teacher[None], teacher[None], labels)
    assert share.nats == pytest.approx(0, abs=1e-12)
    assert share.examples is None
    assert share.student_by_class is None
    json.dumps(asdict(share), allow_nan=False)


def test_certain_models_are_measured_too() -> None:
    labels = np.array([0, 1, 2])
    certain = np.eye(3)
    share = transfer_share(certain, certain[None], certain[None], labels)
    assert share.nats == 0
    _, teacher = drawn(3, 3)
    assert explained(certain, teacher, labels).tolist() == [0, 0, 0]


def test_the_share_by_class_is_worked_out_by_hand() -> None:
    # Teacher and model of class 0: TEACHER's row and (.2, .6, .2); as above, squared it is equal.
    # Class 1 is seen twice, its wrong ones 1 : 1 by the teacher, 1 : 1 by the model: nothing.
    teacher = np.array([TEACHER[0], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1]])
    model = np.array([[0.2, 0.6, 0.2], [0.2, 0.6, 0.2], [0.2, 0.6, 0.2]])
    assert share_by_class(model, teacher, np.array([0, 1, 1])) == pytest.approx(1, abs=1e-9)
    model[0] = [0.2, 0.2, 0.6]
    assert share_by_class(model, teacher, np.array([0, 1, 1])) == 0


def test_a_thousand_classes_take_less_than_two_seconds() -> None:
    labels, teacher = drawn(3000, 1000)
    began = time.process_time()
    whole = available(teacher, labels).sum()
    assert explained(teacher, teacher, labels).sum() / whole == pytest.approx(1)
    assert share_by_class(teacher, teacher, labels) == pytest.approx(1)
    assert time.process_time() - began < 2


def test_a_student_of_other_examples_is_refused() -> None:
    labels, teacher = drawn(20, 4)
    with pytest.raises(DataError, match="same examples"):
        explained(teacher[:-1], teacher, labels[:-1])


@st.composite
def answers(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    shape = (draw(st.integers(1, 12)), draw(st.integers(2, 6)))
    weights = arrays(np.float64, shape, elements=st.integers(0, 100).map(float))
    model, teacher = draw(weights) + 1e-3, draw(weights) + 1e-3
    labels = draw(arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)))
    return (
        model / model.sum(axis=1, keepdims=True),
        teacher / teacher.sum(axis=1, keepdims=True),
        labels,
    )


@given(answers())
def test_no_model_has_less_than_nothing_or_more_than_all(drawn: tuple[Any, Any, Any]) -> None:
    model, teacher, labels = drawn
    whole = available(teacher, labels).sum()
    assert -1e-9 <= explained(model, teacher, labels).sum() <= whole + 1e-9
    share = share_by_class(model, teacher, labels)
    assert share is None or -1e-9 <= share <= 1 + 1e-9
