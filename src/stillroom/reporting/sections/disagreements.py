"""Disagreements: disagreements.json in, the examples where student and teacher differ out.

{"disagreements": asdict(Disagreements), "lost": [asdict(Thumbnail)], "apart": …}   of classes
{"positions": [asdict(Position)], "shown": [asdict(Thumbnail)]}                     of tokens
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from stillroom.errors import DataError
from stillroom.evaluation.disagreements import Disagreements, Example, Position
from stillroom.io.json.validated_json import checked
from stillroom.reporting.display_names import LONGEST_IN_TEXT, short
from stillroom.reporting.thumbnails import Thumbnail
from stillroom.reporting.units import fine_percent

FILE = "disagreements.json"


@dataclass(frozen=True, slots=True)
class OfClasses:
    """What the file holds of a classifier."""

    disagreements: Disagreements
    lost: tuple[Thumbnail, ...]
    apart: tuple[Thumbnail, ...]


@dataclass(frozen=True, slots=True)
class OfTokens:
    """What the file holds of a language model."""

    positions: tuple[Position, ...]
    shown: tuple[Thumbnail, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """An example, the two answers to it, and its numbers as text.

    Attributes:
        name: the true class; "" of a token.
        lines: (who, answer), the teacher first.
        measure: how much they differ.
        shown: the example.
    """

    name: str
    lines: tuple[tuple[str, str], ...]
    measure: str
    shown: Thumbnail


@dataclass(frozen=True, slots=True)
class Section:
    """What the template shows.

    Attributes:
        lost: by what was lost of the true class, or of a token.
        apart: by KL, those left out that are shown as lost; none of tokens.
    """

    lost: tuple[Seen, ...]
    apart: tuple[Seen, ...]
    of_tokens: bool


def section(document: object) -> Section:
    """Return what the page shows.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    if isinstance(document, Mapping) and "positions" in document:
        tokens = checked(OfTokens, document, FILE, "evaluate")
        _require_as_many(len(tokens.positions), len(tokens.shown))
        pairs = zip(tokens.positions, tokens.shown, strict=True)
        return Section(tuple(_token(one, shown) for one, shown in pairs), (), of_tokens=True)
    given = checked(OfClasses, document, FILE, "evaluate")
    _require_as_many(len(given.disagreements.lost), len(given.lost))
    _require_as_many(len(given.disagreements.apart), len(given.apart))
    lost = list(zip(given.disagreements.lost, given.lost, strict=True))
    apart = list(zip(given.disagreements.apart, given.apart, strict=True))
    listed = {example.row for example, _ in lost}
    return Section(
        tuple(_lost(*one) for one in lost),
        tuple(_apart(*one) for one in apart if one[0].row not in listed),
        of_tokens=False,
    )


def _require_as_many(examples: int, shown: int) -> None:
    if examples != shown:
        raise DataError(f"{FILE} has {examples} examples and shows {shown}. Run evaluate again.")


def _lost(example: Example, shown: Thumbnail) -> Seen:
    before, after = map(fine_percent, (example.teacher_on_actual, example.student_on_actual))
    return _seen(example, shown, f"Probability of {_name(example.actual)}: {before} → {after}")


def _apart(example: Example, shown: Thumbnail) -> Seen:
    return _seen(example, shown, f"KL {example.kl:.2f} nats")


def _seen(example: Example, shown: Thumbnail, measure: str) -> Seen:
    teacher = f"{_name(example.teacher)}, {fine_percent(example.teacher_probability)}"
    student = f"{_name(example.student)}, {fine_percent(example.student_probability)}"
    lines = (("Teacher", teacher), ("Student", student))
    return Seen(_name(example.actual), lines, measure, shown)


def _name(name: str) -> str:
    return short(name, LONGEST_IN_TEXT)


def _token(position: Position, shown: Thumbnail) -> Seen:
    return Seen(
        "",
        (
            ("Teacher", fine_percent(math.exp(-position.teacher_nll))),
            ("Student", fine_percent(math.exp(-position.student_nll))),
        ),
        f"The student's NLL is {position.lost:.2f} nats higher",
        shown,
    )
