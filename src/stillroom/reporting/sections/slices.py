"""Slices: slices.json in, where the student loses more than elsewhere, to be shown, out.

called out ──┬──> alarms: a class, a size, a condition; the teacher is sure, and yet it loses
             └──> remarks: the teacher is unsure and errs itself, as of every distillation
"""

from dataclasses import dataclass

from stillroom.evaluation.slices.verdicts import Judged, JudgedSlice, called_out, read_judged
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
    found = read_judged(document)
    drawn = len(worst(found))
    return Section(
        figure=figures.slices("slices", found) if drawn else "",
        slices=len(found.slices),
        judged=sum(one.judgement is not None for one in found.slices),
        drawn=drawn,
        least=found.least,
        alarms=alarms(found),
        remarks=remarks(found),
    )


def alarms(found: Judged) -> tuple[str, ...]:
    """Return a sentence on each of the worst slices, and how many more there are."""
    called = [one for one in _lost_on(found) if not _is_expected(one, found)]
    told = [_told(one, found) for one in called[:MOST_ALARMS]]
    more = len(called) - len(told)
    if more > 0:
        told.append(f"So it does on {more} more slice{'s' if more > 1 else ''}: see below.")
    return tuple(told)


def remarks(found: Judged) -> tuple[str, ...]:
    """Return a sentence on each band of confidence that says more of the teacher than of it."""
    return tuple(_told(one, found) for one in _lost_on(found) if _is_expected(one, found))


def _lost_on(found: Judged) -> list[JudgedSlice]:
    """Return what is called out, but for where the student may lose nothing, only gain less."""
    return [one for one in called_out(found) if one.judgement and one.judgement.loss.is_above_zero]


def _is_expected(one: JudgedSlice, found: Judged) -> bool:
    """Tell whether a loss there is no reason to stop.

    Where a teacher is unsure and errs, every student does. And of a student that gains on its
    teacher, some is lost where the teacher is sure and right, and there is nothing to gain.
    """
    return _is_hard(one, found) or (one.kind == "confidence" and found.means.loss <= 0)


def _is_hard(one: JudgedSlice, found: Judged) -> bool:
    """Tell whether examples are in a slice because its teacher finds them hard."""
    if one.kind != "confidence" or one.means is None:
        return False
    more_is_better = found.measure == "accuracy"
    return (one.means.teacher < found.means.teacher) == more_is_better


def _told(one: JudgedSlice, found: Judged) -> str:
    if one.means is None or one.judgement is None:  # which nothing that is called out is
        return ""
    unit = POINTS if found.measure == "accuracy" else NATS
    excess = one.judgement.excess
    return (
        f"{_where(one, found)} the student loses {unit.amount(one.means.loss)} "
        f"against its teacher, on all examples {_overall(found.means.loss, unit)}: "
        f"{unit.amount(excess.value)} more than on the rest ({unit.interval(excess)})."
    )


def _where(one: JudgedSlice, found: Judged) -> str:
    name = short(one.name, LONGEST_IN_TEXT)
    if one.kind != "confidence" or one.means is None:
        return f"On {name}"
    where = f"Where the teacher is {name.removeprefix('teacher ')},"
    if found.measure == "accuracy" and _is_hard(one, found):
        return f"{where} and right on {percent(one.means.teacher)} itself,"
    return where


def _overall(loss: float, unit: Unit) -> str:
    return unit.amount(loss) if loss >= 0 else f"it gains {unit.amount(-loss)}"
