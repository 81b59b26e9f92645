"""Slices: slices.json in, where the student loses more than elsewhere, to be shown, out.

called out ──┬──> alarms: a class, a size, a condition; the teacher is sure, and yet it loses
             └──> remarks: the teacher is unsure and errs itself, as of every distillation
"""

from dataclasses import dataclass

from stillroom.evaluation.slices.verdicts import (
    SliceVerdict,
    SliceVerdicts,
    called_out,
    read_slice_verdicts,
)
from stillroom.reporting import figures
from stillroom.reporting.display_names import LONGEST_IN_TEXT, short
from stillroom.reporting.figures.slices import worst
from stillroom.reporting.units import NATS, POINTS, Unit, percent

MOST_ALARMS = 3


@dataclass(frozen=True, slots=True)
class Section:
    """What the template shows.

    Attributes:
        figure: SVG; "" where there is no slice.
        slices, judged, drawn: how many there are, were large enough to judge, and are drawn.
        least: examples that a slice must have to be judged.
        alarms: a sentence on each slice that is called out, the worst first.
        remarks: the same of those that were to be expected.
    """

    figure: str
    slices: int
    judged: int
    drawn: int
    least: int
    alarms: tuple[str, ...]
    remarks: tuple[str, ...]


def section(document: object) -> Section:
    """Return what the page shows.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    verdicts = read_slice_verdicts(document)
    drawn = len(worst(verdicts))
    return Section(
        figure=figures.slices(verdicts).svg("slices") if drawn else "",
        slices=len(verdicts.slices),
        judged=sum(one.judgement is not None for one in verdicts.slices),
        drawn=drawn,
        least=verdicts.least,
        alarms=alarms(verdicts),
        remarks=remarks(verdicts),
    )


def alarms(verdicts: SliceVerdicts) -> tuple[str, ...]:
    """Return a sentence on each of the worst slices, and how many more there are."""
    called = [one for one in _lost_on(verdicts) if not _is_expected(one, verdicts)]
    sentences = [_sentence(one, verdicts) for one in called[:MOST_ALARMS]]
    more = len(called) - len(sentences)
    if more > 0:
        sentences.append(
            f"The same holds for {more} more slice{'s' if more > 1 else ''}: see below."
        )
    return tuple(sentences)


def remarks(verdicts: SliceVerdicts) -> tuple[str, ...]:
    """Return a sentence on each band of confidence that says more of the teacher than of it."""
    return tuple(
        _sentence(one, verdicts) for one in _lost_on(verdicts) if _is_expected(one, verdicts)
    )


def _lost_on(verdicts: SliceVerdicts) -> list[SliceVerdict]:
    """Return what is called out, but for where the student may lose nothing, only gain less."""
    return [
        one for one in called_out(verdicts) if one.judgement and one.judgement.loss.is_above_zero
    ]


def _is_expected(one: SliceVerdict, verdicts: SliceVerdicts) -> bool:
    """Tell whether a loss there is no reason to stop.

    Where a teacher is unsure and errs, every student does. And of a student that gains on its
    teacher, some is lost where the teacher is sure and right, and there is nothing to gain.
    """
    return _is_hard(one, verdicts) or (one.kind == "confidence" and verdicts.means.loss <= 0)


def _is_hard(one: SliceVerdict, verdicts: SliceVerdicts) -> bool:
    """Tell whether examples are in a slice because its teacher finds them hard."""
    if one.kind != "confidence" or one.means is None:
        return False
    more_is_better = verdicts.measure == "accuracy"
    return (one.means.teacher < verdicts.means.teacher) == more_is_better


def _sentence(one: SliceVerdict, verdicts: SliceVerdicts) -> str:
    if one.means is None or one.judgement is None:  # which nothing that is called out is
        return ""
    unit = POINTS if verdicts.measure == "accuracy" else NATS
    excess = one.judgement.excess
    return (
        f"{_where(one, verdicts)} the student loses {unit.amount(one.means.loss)} "
        f"against its teacher (all examples: {_overall(verdicts.means.loss, unit)}), which is "
        f"{unit.amount(excess.value)} more than on the rest ({unit.interval(excess)})."
    )


def _where(one: SliceVerdict, verdicts: SliceVerdicts) -> str:
    name = short(one.name, LONGEST_IN_TEXT)
    if one.kind != "confidence" or one.means is None:
        return f"On {name}"
    where = f"Where the teacher is {name.removeprefix('teacher ')}"
    if verdicts.measure == "accuracy" and _is_hard(one, verdicts):
        return f"{where} and is itself right on only {percent(one.means.teacher)},"
    return f"{where},"


def _overall(loss: float, unit: Unit) -> str:
    return unit.amount(loss) if loss >= 0 else f"a gain of {unit.amount(-loss)}"
