"""Disagreements: answers of teacher and student in, the examples on which they differ most out.

    probabilities [N, C] of both, labels [N] ──> Disagreements: largest losses, largest KL
    NLL [M] of both, lengths [N] ──token_disagreements──> Positions of sequences

Agreement and KL say how close a student is on average. Disagreements say on which examples it is
not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.metrics import kl_of_rows
from stillroom.evaluation.statistics.scores import Doubles
from stillroom.evaluation.validate_arrays import (
    Labels,
    Probabilities,
    checked_labels,
    checked_probabilities,
    require_class_names,
    require_same_shape,
)

MOST = 6  # the number of examples of each kind that the report shows

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """One example with the answers of both models.

    Attributes:
        row: the number of the example, from 0.
        actual: the true class.
        teacher, teacher_probability: the teacher's first choice and its probability.
        student, student_probability: the student's first choice and its probability.
        teacher_on_actual, student_on_actual: the probability of the true class.
        lost: the teacher's probability of the true class minus the student's.
        kl: KL(teacher || student), in nats.
    """

    row: int
    actual: str
    teacher: str
    teacher_probability: float
    student: str
    student_probability: float
    teacher_on_actual: float
    student_on_actual: float
    lost: float
    kl: float


@dataclass(frozen=True, slots=True)
class Disagreements:
    """The examples on which teacher and student differ most.

    Attributes:
        lost: the examples on which the true class loses most probability.
        apart: the examples with the largest KL, whether right or wrong.
    """

    lost: tuple[Example, ...]
    apart: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """One token of a sequence with the NLL of both models.

    Attributes:
        sequence: the number of the sequence, from 0.
        position: the number of the token among those with a label in the sequence, from 0.
        teacher_nll, student_nll: -log p of the token, in nats.
        lost: the student's NLL minus the teacher's.
    """

    sequence: int
    position: int
    teacher_nll: float
    student_nll: float
    lost: float


def disagreements(
    teacher: NDArray[Any],
    student: NDArray[Any],
    labels: NDArray[Any],
    classes: Sequence[str],
    count: int,
) -> Disagreements:
    """Return at most `count` examples of each kind, the worst first; ties by row.

    An example without a loss, or with a KL of 0, is left out.

    Args:
        teacher, student: [N, C], probabilities of the same examples.
        labels: [N], indices of the true classes.
        classes: the C names.
        count: how many examples of each kind to return.

    Raises:
        DataError: shapes do not match, or rows are no distributions.
    """
    both = _Both.checked(teacher, student, labels, classes)
    return Disagreements(
        tuple(both.example(row) for row in _worst(both.lost, count)),
        tuple(both.example(row) for row in _worst(both.kl, count)),
    )


def token_disagreements(
    teacher_nll: NDArray[Any], student_nll: NDArray[Any], lengths: NDArray[Any], count: int
) -> tuple[Position, ...]:
    """Return at most `count` tokens on which the student's NLL exceeds the teacher's most.

    Each token belongs to another sequence. The worst comes first; ties keep their order.

    Args:
        teacher_nll, student_nll: [M], sequence after sequence, in nats.
        lengths: [N], the number of tokens of each sequence.
        count: how many tokens to return.

    Raises:
        DataError: shapes do not match, or an NLL is not finite.
    """
    teacher = np.asarray(teacher_nll, dtype=np.float64)
    student = np.asarray(student_nll, dtype=np.float64)
    sizes = np.asarray(lengths, dtype=np.int64)
    _require_sequences(teacher, student, sizes)
    lost, starts = student - teacher, np.cumsum(sizes) - sizes
    filled = np.flatnonzero(sizes)
    worst = [int(lost[starts[one] : starts[one] + sizes[one]].argmax()) for one in filled]
    places = starts[filled] + np.array(worst, dtype=np.int64)
    return tuple(
        Position(
            sequence=int(filled[rank]),
            position=worst[rank],
            teacher_nll=float(teacher[places[rank]]),
            student_nll=float(student[places[rank]]),
            lost=float(lost[places[rank]]),
        )
        for rank in _worst(lost[places], count)
    )


@dataclass(frozen=True, slots=True)
class _Both:
    """The answers of both models to N examples, and their differences."""

    teacher: Probabilities
    student: Probabilities
    labels: Labels
    classes: Sequence[str]
    lost: Doubles
    kl: Doubles

    @classmethod
    def checked(
        cls,
        teacher: NDArray[Any],
        student: NDArray[Any],
        labels: NDArray[Any],
        classes: Sequence[str],
    ) -> "_Both":
        of_teacher = checked_probabilities(teacher, "teacher's probabilities")
        rows = checked_probabilities(student, "student's probabilities")
        require_same_shape(rows, of_teacher)
        truth = checked_labels(labels, rows.shape)
        require_class_names(list(classes), rows.shape[1])
        at = np.arange(len(rows))
        return cls(
            of_teacher,
            rows,
            truth,
            classes,
            of_teacher[at, truth] - rows[at, truth],
            kl_of_rows(of_teacher, rows),
        )

    def example(self, row: int) -> Example:
        actual = self.labels[row]
        teacher, student = self.teacher[row].argmax(), self.student[row].argmax()
        return Example(
            row=int(row),
            actual=self.classes[actual],
            teacher=self.classes[teacher],
            teacher_probability=float(self.teacher[row, teacher]),
            student=self.classes[student],
            student_probability=float(self.student[row, student]),
            teacher_on_actual=float(self.teacher[row, actual]),
            student_on_actual=float(self.student[row, actual]),
            lost=float(self.lost[row]),
            kl=float(self.kl[row]),
        )


def _require_sequences(teacher: Doubles, student: Doubles, sizes: Ints) -> None:
    if teacher.ndim != 1 or teacher.shape != student.shape or sizes.sum() != len(teacher):
        raise DataError(
            f"the NLL of teacher and student have the shapes {teacher.shape} and "
            f"{student.shape}, but there are {sizes.sum():,} tokens. "
            "Run `kedro run --pipeline=evaluate`."
        )
    if not (np.isfinite(teacher).all() and np.isfinite(student).all()):
        raise DataError("an NLL is not finite: the model has diverged. Train it again.")


def _worst(losses: Doubles, count: int) -> Ints:
    """Return the indices of the largest losses above 0, in descending order; ties keep theirs."""
    order = np.argsort(-losses, kind="stable")[:count]
    return order[losses[order] > 0]
