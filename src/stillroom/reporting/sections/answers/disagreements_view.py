"""Disagreements view: disagreements.json in, the examples where student and teacher differ out.

The document of a classifier, and that of a language model:

    {"disagreements": asdict(Disagreements), "lost": [asdict(Thumbnail)], "apart": …}
    {"positions": [asdict(Position)], "shown": [asdict(Thumbnail)]}
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
    """The content of the file for a classifier."""

    disagreements: Disagreements
    lost: tuple[Thumbnail, ...]
    apart: tuple[Thumbnail, ...]


@dataclass(frozen=True, slots=True)
class OfTokens:
    """The content of the file for a language model."""

    positions: tuple[Position, ...]
    shown: tuple[Thumbnail, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """An example, the two answers to it, and its numbers as text.

    Attributes:
        name: the true class; "" for a token.
        lines: (model, answer), the teacher first.
        measure: how much the answers differ.
        thumbnail: the example.
    """

    name: str
    lines: tuple[tuple[str, str], ...]
    measure: str
    thumbnail: Thumbnail


@dataclass(frozen=True, slots=True)
class DisagreementsView:
    """What the template shows.

    Attributes:
        lost: the examples on which the true class, or the token, lost most probability.
        apart: the examples with the largest KL that are not in `lost`; empty for tokens.
        of_tokens: whether the examples are tokens.
    """

    lost: tuple[Seen, ...]
    apart: tuple[Seen, ...]
    of_tokens: bool


def disagreements_view(document: object) -> DisagreementsView:
    """Return what the page shows.

    Raises:
        DataError: the document is not one that evaluate writes.
    """
    if isinstance(document, Mapping) and "positions" in document:
        tokens = checked(OfTokens, document, FILE, "evaluate")
        _require_as_many(len(tokens.positions), len(tokens.shown))
        pairs = zip(tokens.positions, tokens.shown, strict=True)
        return DisagreementsView(tuple(_token(*pair) for pair in pairs), (), of_tokens=True)
    content = checked(OfClasses, document, FILE, "evaluate")
    _require_as_many(len(content.disagreements.lost), len(content.lost))
    _require_as_many(len(content.disagreements.apart), len(content.apart))
    lost = list(zip(content.disagreements.lost, content.lost, strict=True))
    apart = list(zip(content.disagreements.apart, content.apart, strict=True))
    listed = {example.row for example, _ in lost}
    return DisagreementsView(
        tuple(_lost(*one) for one in lost),
        tuple(_apart(*one) for one in apart if one[0].row not in listed),
        of_tokens=False,
    )


def _require_as_many(examples: int, thumbnails: int) -> None:
    if examples != thumbnails:
        raise DataError(
            f"{FILE} has {examples} examples but {thumbnails} thumbnails. Run evaluate again."
        )


def _lost(example: Example, thumbnail: Thumbnail) -> Seen:
    before, after = map(fine_percent, (example.teacher_on_actual, example.student_on_actual))
    return _seen(example, thumbnail, f"Probability of {_name(example.actual)}: {before} → {after}")


def _apart(example: Example, thumbnail: Thumbnail) -> Seen:
    return _seen(example, thumbnail, f"KL {example.kl:.2f} nats")


def _seen(example: Example, thumbnail: Thumbnail, measure: str) -> Seen:
    teacher = f"{_name(example.teacher)}, {fine_percent(example.teacher_probability)}"
    student = f"{_name(example.student)}, {fine_percent(example.student_probability)}"
    lines = (("Teacher", teacher), ("Student", student))
    return Seen(_name(example.actual), lines, measure, thumbnail)


def _name(name: str) -> str:
    return short(name, LONGEST_IN_TEXT)


def _token(position: Position, thumbnail: Thumbnail) -> Seen:
    return Seen(
        "",
        (
            ("Teacher", fine_percent(math.exp(-position.teacher_nll))),
            ("Student", fine_percent(math.exp(-position.student_nll))),
        ),
        f"The student's NLL is {position.lost:.2f} nats higher",
        thumbnail,
    )
