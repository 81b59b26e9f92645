"""Judged: slices and what the models score in, where the student loses more than elsewhere out.

    slices, teacher, control, student ──judged──> Judged ──asdict──> slices.json ──read──> Judged

A slice is called out where the student loses more of the teacher's quality than on the rest of
the examples, beyond what the draw of examples and of seeds explains, and beyond what looking at
so many slices does. One of too few examples, or that leaves too few, is shown and not judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillroom.errors import DataError
from stillroom.evaluation.slices.excess import Rows, chances, excesses
from stillroom.evaluation.slices.holm import holm
from stillroom.evaluation.slices.slicing import Slice
from stillroom.evaluation.statistics.bootstrap import LEVEL, Estimate, estimate, spread
from stillroom.evaluation.statistics.scores import Scores
from stillroom.evaluation.wilson import Z_95
from stillroom.io.json.validated_json import checked

# With fewer, a mean is not yet distributed as the tests take it to be.
LEAST = 30
# Splits in which some slice is called out though none loses more: as of one end of an interval.
ALPHA = (1 - LEVEL) / 2

Measure = Literal["accuracy", "nll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Mean scores of the models, and what the student loses against the teacher, more is worse."""

    teacher: float
    control: float
    student: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What can be said of the student's loss on a slice.

    Attributes:
        loss: with the interval that it lies in.
        excess: the loss less that on the rest of the examples, with its own interval.
        p: how likely such an excess is by chance, adjusted for the number of slices.
        is_called_out: whether that is too little to be chance.
    """

    loss: Estimate
    excess: Estimate
    p: float
    is_called_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedSlice:
    """A slice, what the models score on it, and what follows.

    Attributes:
        name, kind: as of the `Slice`.
        examples: how many it has.
        means: None without an example that has an answer.
        judgement: None where it, or the rest, has fewer examples than `Judged.least`.
    """

    name: str
    kind: str
    examples: int
    means: Means | None
    judgement: Judgement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All slices, in the order that they came in, beside the whole of the examples.

    Attributes:
        measure: accuracy, a share of one, higher is better; or nll, in nats, lower is better.
        least: how many examples a slice must have, and leave, to be judged.
        examples, means: of the whole.
        loss: of the whole, with its interval.
    """

    measure: Measure
    least: int
    examples: int
    means: Means
    loss: Estimate
    slices: tuple[JudgedSlice, ...]


def judged(
    slices: Sequence[Slice], teacher: Scores, control: Scores, student: Scores, measure: Measure
) -> Judged:
    """Return what each slice says of the student.

    Args:
        slices: of the N examples.
        teacher, control, student: scores of the same N examples; each of one seed or of several.
        measure: what they score, which says whether more is better.

    Raises:
        DataError: they are not of the same examples.
    """
    models = (teacher, control, student)
    loss = _lost(teacher, student, measure)
    _check_rows(slices, _lost(teacher, control, measure))
    judgements = _judgements(slices, loss)
    return Judged(
        measure=measure,
        least=LEAST,
        examples=loss.examples,
        means=_means(*models, loss),
        loss=estimate(loss),
        slices=tuple(
            JudgedSlice(
                name=one.name,
                kind=one.kind,
                examples=int(one.rows.sum()),
                means=_means_of(one.rows, *models, loss),
                judgement=judgement,
            )
            for one, judgement in zip(slices, judgements, strict=True)
        ),
    )


def called_out(found: Judged) -> list[JudgedSlice]:
    """Return the slices on which the student loses significantly more, the largest excess first."""
    out = [
        (one.judgement.excess.value, one)
        for one in found.slices
        if one.judgement and one.judgement.is_called_out
    ]
    return [one for _, one in sorted(out, key=lambda pair: -pair[0])]


def read_judged(document: object) -> Judged:
    """Return what `dataclasses.asdict` made a document of.

    Raises:
        DataError: it is of another form.
    """
    return checked(Judged, document, "slices.json", "evaluate")


def is_judged(one: Slice, loss: Scores) -> bool:
    """Tell whether a slice has, and leaves, enough examples that have an answer."""
    answered = loss.counts > 0
    return min(int((one.rows & answered).sum()), int((~one.rows & answered).sum())) >= LEAST


def _lost(teacher: Scores, student: Scores, measure: Measure) -> Scores:
    return teacher - student if measure == "accuracy" else student - teacher


def _check_rows(slices: Sequence[Slice], loss: Scores) -> None:
    for one in slices:
        if one.rows.shape != (loss.examples,):
            raise DataError(
                f"the slice {one.name} is of {len(one.rows):,} examples, and {loss.examples:,} "
                "were scored. Run evaluate again."
            )


def _means(teacher: Scores, control: Scores, student: Scores, loss: Scores) -> Means:
    return Means(
        teacher=teacher.value, control=control.value, student=student.value, loss=loss.value
    )


def _means_of(rows: Rows, *scores: Scores) -> Means | None:
    answered = scores[0].counts[rows].any()
    return _means(*(one.some(rows) for one in scores)) if answered else None


def _judgements(slices: Sequence[Slice], loss: Scores) -> list[Judgement | None]:
    large = [one for one in slices if is_judged(one, loss)]
    found = excesses(loss, large)
    told = iter(
        Judgement(
            loss=_interval(loss, one.rows), excess=excess.interval, p=p, is_called_out=p <= ALPHA
        )
        for one, excess, p in zip(large, found, holm(chances(found)), strict=True)
    )
    return [next(told) if is_judged(one, loss) else None for one in slices]


def _interval(loss: Scores, rows: Rows) -> Estimate:
    """Return the loss on a slice and where it lies.

    Where all of the slice loses the same, drawing it again says that nothing ever varies; then
    examples vary as they do in the whole.
    """
    inside = loss.some(rows)
    found = estimate(inside)
    if found.low < found.high:
        return found
    varied = spread(loss)
    margin = Z_95 * float(np.sqrt(varied.examples / inside.examples + varied.seeds / loss.seeds))
    return Estimate(found.value, found.value - margin, found.value + margin)
