"""Slices: slices.json in, where the student loses more than elsewhere, to be shown, out."""

from dataclasses import dataclass

from stillroom.evaluation.slices.judged import Judged, JudgedSlice, called_out, read_judged
from stillroom.reporting import figures
from stillroom.reporting.figures.slices import worst
from stillroom.reporting.names import LONGEST_IN_TEXT, short
from stillroom.reporting.units import NATS, POINTS, Unit

MOST_ALARMS = 3


@dataclass(frozen=True, slots=True)
class Section:
    """What the template shows.

    Attributes:
        figure: SVG; "" where there is no slice.
        slices, drawn: how many there are, and how many are drawn.
        least: examples that a slice must have to be judged.
        alarms: a sentence on each slice that is called out, the worst first.
    """

    figure: str
    slices: int
    drawn: int
    least: int
    alarms: tuple[str, ...]


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
        drawn=drawn,
        least=found.least,
        alarms=alarms(found),
    )


def alarms(found: Judged) -> tuple[str, ...]:
    """Return a sentence on each of the worst slices, and how many more there are."""
    unit = POINTS if found.measure == "accuracy" else NATS
    called = called_out(found)
    told = [_told(one, found.means.loss, unit) for one in called[:MOST_ALARMS]]
    more = len(called) - len(told)
    if more > 0:
        told.append(f"So it does on {more} more slice{'s' if more > 1 else ''}: see below.")
    return tuple(told)


def _told(one: JudgedSlice, overall: float, unit: Unit) -> str:
    if one.means is None or one.judgement is None:  # which nothing that is called out is
        return ""
    excess = one.judgement.excess
    return (
        f"{_where(one)} the student loses {unit.amount(one.means.loss)} "
        f"against its teacher, on all examples {unit.amount(overall)}: "
        f"{unit.amount(excess.value)} more than on the rest ({unit.interval(excess)})."
    )


def _where(one: JudgedSlice) -> str:
    name = short(one.name, LONGEST_IN_TEXT)
    if one.kind == "confidence":
        return f"Where the teacher is {name.removeprefix('teacher ')}"
    return f"On {name}"
