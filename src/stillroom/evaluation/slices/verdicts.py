"""Slice verdicts: slices and scores in, the student's loss on each slice with a verdict out.

    slices, scores of each model ──slice_verdicts──> SliceVerdicts ──asdict──> slices.json

A slice is called out if the student loses more of the teacher's quality on it than on the rest, by
more than the draw of examples and seeds explains, and by more than the number of slices explains.
A slice with too few examples in it or outside of it gets no verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from stillroom.errors import DataError
from stillroom.evaluation.slices.excess import Rows, excesses, p_values
from stillroom.evaluation.slices.holm import holm
from stillroom.evaluation.slices.slicing import Slice
from stillroom.evaluation.statistics.bootstrap import LEVEL, Estimate, estimate, spread
from stillroom.evaluation.statistics.sample_size import Z_LEVEL
from stillroom.evaluation.statistics.scores import Scores
from stillroom.io.json.validated_json import checked

# With fewer examples a mean is not yet distributed as the tests assume.
LEAST = 30
# The share of test splits in which a slice is called out although none loses more. It is the part
# of the distribution beyond one end of an interval.
ALPHA = (1 - LEVEL) / 2

Measure = Literal["accuracy", "nll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Mean scores of the models, and the student's loss against the teacher (more is worse)."""

    teacher: float
    control: float
    student: float
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The student's loss on a slice, and whether it could be chance.

    Attributes:
        loss: the loss, with its interval.
        excess: the loss minus the loss on the rest of the examples, with its interval.
        p: the probability of this excess by chance, adjusted for the number of slices.
        is_called_out: whether p is too small for chance.
    """

    loss: Estimate
    excess: Estimate
    p: float
    is_called_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceVerdict:
    """A slice, the models' scores on it, and the verdict.

    Attributes:
        name, kind: the name and kind of the `Slice`.
        examples: the number of its examples.
        means: None if no example has an answer.
        judgement: None if the slice, or the rest, has fewer examples than `SliceVerdicts.least`.
    """

    name: str
    kind: str
    examples: int
    means: Means | None
    judgement: Judgement | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceVerdicts:
    """All slices in their given order, and the scores on all examples.

    Attributes:
        measure: accuracy, a share of one, higher is better; or nll, in nats, lower is better.
        least: how many examples a slice must have in it and outside of it to get a verdict.
        examples: the number of all examples.
        means: the mean scores on all examples.
        loss: the loss on all examples, with its interval.
    """

    measure: Measure
    least: int
    examples: int
    means: Means
    loss: Estimate
    slices: tuple[SliceVerdict, ...]


def slice_verdicts(
    slices: Sequence[Slice], teacher: Scores, control: Scores, student: Scores, measure: Measure
) -> SliceVerdicts:
    """Return the verdict on each slice.

    Args:
        slices: slices of N examples.
        teacher, control, student: scores on the same N examples, with one seed or several.
        measure: the measure of the scores, which decides whether more is better.

    Raises:
        DataError: slices and scores have different examples.
    """
    models = (teacher, control, student)
    loss = _lost(teacher, student, measure)
    _check_rows(slices, _lost(teacher, control, measure))
    judgements = _judgements(slices, loss)
    return SliceVerdicts(
        measure=measure,
        least=LEAST,
        examples=loss.examples,
        means=_means(*models, loss),
        loss=estimate(loss),
        slices=tuple(
            SliceVerdict(
                name=one.name,
                kind=one.kind,
                examples=int(one.rows.sum()),
                means=_means_of(one.rows, *models, loss),
                judgement=judgement,
            )
            for one, judgement in zip(slices, judgements, strict=True)
        ),
    )


def called_out(verdicts: SliceVerdicts) -> list[SliceVerdict]:
    """Return the slices on which the student loses significantly more, the largest excess first."""
    out = [
        (one.judgement.excess.value, one)
        for one in verdicts.slices
        if one.judgement and one.judgement.is_called_out
    ]
    return [one for _, one in sorted(out, key=lambda pair: -pair[0])]


def read_slice_verdicts(document: object) -> SliceVerdicts:
    """Read the document that `dataclasses.asdict` made.

    Raises:
        DataError: the document has another form.
    """
    return checked(SliceVerdicts, document, "slices.json", "evaluate")


def has_enough_examples(one: Slice, loss: Scores) -> bool:
    """Return whether a slice and the rest both have enough examples with an answer."""
    answered = loss.counts > 0
    return min(int((one.rows & answered).sum()), int((~one.rows & answered).sum())) >= LEAST


def _lost(teacher: Scores, student: Scores, measure: Measure) -> Scores:
    return teacher - student if measure == "accuracy" else student - teacher


def _check_rows(slices: Sequence[Slice], loss: Scores) -> None:
    for one in slices:
        if one.rows.shape != (loss.examples,):
            raise DataError(
                f"the slice {one.name} covers {len(one.rows):,} examples, but {loss.examples:,} "
                "have scores. Run `kedro run --pipeline=evaluate` again."
            )


def _means(teacher: Scores, control: Scores, student: Scores, loss: Scores) -> Means:
    return Means(
        teacher=teacher.value, control=control.value, student=student.value, loss=loss.value
    )


def _means_of(rows: Rows, *scores: Scores) -> Means | None:
    answered = scores[0].counts[rows].any()
    return _means(*(one.some(rows) for one in scores)) if answered else None


def _judgements(slices: Sequence[Slice], loss: Scores) -> list[Judgement | None]:
    large = [one for one in slices if has_enough_examples(one, loss)]
    excess_of_large = excesses(loss, large)
    verdicts = iter(
        Judgement(
            loss=_interval(loss, one.rows), excess=excess.interval, p=p, is_called_out=p <= ALPHA
        )
        for one, excess, p in zip(
            large, excess_of_large, holm(p_values(excess_of_large)), strict=True
        )
    )
    return [next(verdicts) if has_enough_examples(one, loss) else None for one in slices]


def _interval(loss: Scores, rows: Rows) -> Estimate:
    """Return the loss on a slice with its interval.

    If every example of the slice has the same loss, a bootstrap of it shows no variance. Then the
    variance of all examples is used.
    """
    inside = loss.some(rows)
    mean = estimate(inside)
    if mean.low < mean.high:
        return mean
    varied = spread(loss)
    margin = Z_LEVEL * float(np.sqrt(varied.examples / inside.examples + varied.seeds / loss.seeds))
    return Estimate(mean.value, mean.value - margin, mean.value + margin)
