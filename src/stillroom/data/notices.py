"""Notices: what a reader guessed, converted or left out, each in one sentence.

reader ──> Notice, Notice, … ──> data_report.json ──> the terminal and the page

Nothing is guessed, changed or dropped without a notice. A notice counts what it is about and names
one place, so that a million rows of one kind are one sentence.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

NoticeKind = Literal["guessed", "converted", "left_out"]


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence about the input.

    Attributes:
        kind: `guessed`, a setting was derived from the input, such as the delimiter of a CSV file;
            `converted`, values were changed in form, such as greyscale into colour; `left_out`,
            files, folders or rows were not read.
        text: the sentence; it names what, how many, and the setting that changes it.
    """

    kind: NoticeKind
    text: str


def texts_by_kind(notices: Iterable[Notice]) -> dict[str, list[str]]:
    """Return the sentences of each kind that occurs, without repetition, in their order."""
    texts: dict[str, dict[str, None]] = {}
    for notice in notices:
        texts.setdefault(notice.kind, {})[notice.text] = None
    return {kind: list(sentences) for kind, sentences in texts.items()}


def counted(count: int, noun: str) -> str:
    """Return "1 image" or "2,000 images"."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def some(names: Sequence[str], most: int = 3) -> str:
    """Return the first few names, and whether there are more."""
    return ", ".join(names[:most]) + (", …" if len(names) > most else "")
