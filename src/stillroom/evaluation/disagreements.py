"""Disagreements: teacher's and student's answers in, the examples on which they part most out.

    probabilities [N, C] of both, labels [N] ──> Disagreements: what was lost, what lies apart
    NLL [M] of both, lengths [N] ──parted_tokens──> Positions of sequences

Agreement and KL say how near a student is on the whole; this says where to look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillroom.errors import DataError
from stillroom.evaluation.metrics import kl_of_rows
from stillroom.evaluation.validate_arrays import (
    Labels,
    Probabilities,
    checked_labels,
    checked_probabilities,
    require_class_names,
    require_same_shape,
)

MOST = 6  # that a page shows of each kind

Doubles = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """One example, and what both say of it.

    Attributes:
        row: which, from 0.
        actual: its true class.
        teacher, teacher_probability: the teacher's answer, and how sure it is.
        student, student_probability: the student's.
        teacher_on_actual, student_on_actual: what each gives the true class.
        lost: the difference of these.
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
    """Where the two part.

    Attributes:
        lost: examples on which the student loses most of what the teacher gives the true class.
        apart: examples of the largest KL, right or wrong.
    """

    lost: tuple[Example, ...]
    apart: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """One token of a sequence, and what both say of it.

    Attributes:
        sequence: which, from 0.
        position: which of the tokens that are asked for in it, from 0.
        teacher_nll, student_nll: -log p of the token, in nats.
        lost: the student's less the teacher's.
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

    An example on which nothing is lost, or nothing lies apart, is not among them.

    Args:
        teacher, student: [N, C], probabilities of the same examples.
        labels: [N], indices of the true classes.
        classes: the C names.
        count: how many of each.

    Raises:
        DataError: shapes that do not match, or values that are no distribution.
    """
    both = _Both.checked(teacher, student, labels, classes)
    return Disagreements(
        tuple(both.example(row) for row in _worst(both.lost, count)),
        tuple(both.example(row) for row in _worst(both.kl, count)),
    )


def parted_tokens(
    teacher_nll: NDArray[Any], student_nll: NDArray[Any], lengths: NDArray[Any], count: int
) -> tuple[Position, ...]:
    """Return at most `count` tokens on which the student's NLL exceeds the teacher's most.

    They are of as many sequences, the worst first; ties by place.

    Args:
        teacher_nll, student_nll: [M], sequence after sequence, in nats.
        lengths: [N], how many each sequence has.
        count: how many to return.

    Raises:
        DataError: shapes that do not match, or an NLL that is not finite.
    """
    taught = np.asarray(teacher_nll, dtype=np.float64)
    said = np.asarray(student_nll, dtype=np.float64)
    sizes = np.asarray(lengths, dtype=np.int64)
    _require_sequences(taught, said, sizes)
    lost, starts = said - taught, np.cumsum(sizes) - sizes
    filled = np.flatnonzero(sizes)
    worst = [int(lost[starts[one] : starts[one] + sizes[one]].argmax()) for one in filled]
    places = starts[filled] + np.array(worst, dtype=np.int64)
    return tuple(
        Position(
            sequence=int(filled[rank]),
            position=worst[rank],
            teacher_nll=float(taught[places[rank]]),
            student_nll=float(said[places[rank]]),
            lost=float(lost[places[rank]]),
        )
        for rank in _worst(lost[places], count)
    )


@dataclass(frozen=True, slots=True)
class _Both:
    """What both say of N examples, and how far apart it is."""

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
        taught = checked_probabilities(teacher, "teacher's probabilities")
        rows = checked_probabilities(student, "student's probabilities")
        require_same_shape(rows, taught)
        truth = checked_labels(labels, rows.shape)
        require_class_names(list(classes), rows.shape[1])
        at = np.arange(len(rows))
        return cls(
            taught,
            rows,
            truth,
            classes,
            taught[at, truth] - rows[at, truth],
            kl_of_rows(taught, rows),
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


def _require_sequences(taught: Doubles, said: Doubles, sizes: Ints) -> None:
    if taught.ndim != 1 or taught.shape != said.shape or sizes.sum() != len(taught):
        raise DataError(
            f"the NLL of {taught.shape} and {said.shape} tokens is no NLL of the same "
            f"{sizes.sum():,} tokens. Run the stage evaluate again."
        )
    if not (np.isfinite(taught).all() and np.isfinite(said).all()):
        raise DataError("an NLL is not finite. The model that it is of has diverged.")


def _worst(losses: Doubles, count: int) -> Ints:
    """Return the places of the largest losses above 0, the largest first; ties in order."""
    order = np.argsort(-losses, kind="stable")[:count]
    return order[losses[order] > 0]
