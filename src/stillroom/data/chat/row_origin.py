"""Row origins: where a value of a conversation stands, for errors and for notices.

    file, row, turn ──> "chat.jsonl, row 3, turn 0: …"
    many rows that are read alike ──counted──> one notice of the file

Rows and turns count from 0.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from stillroom.data.notices import Notice, NoticeKind, counted, some
from stillroom.errors import DataError
from stillroom.io.printable import printable

_MOST_NAMES = 4  # names come from outside; a notice shows three
_LONGEST_NAME = 40


@dataclass(slots=True)
class _Seen:
    first: int
    count: int = 0
    names: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class RowNotices:
    """What was guessed, converted or left out in the rows of one file."""

    part: str
    seen: dict[tuple[NoticeKind, str], _Seen] = field(default_factory=dict)

    def add(self, kind: NoticeKind, words: str, row: int, name: str) -> None:
        """Count one case; `words` say what was done, without an end, `name` to what."""
        seen = self.seen.setdefault((kind, words), _Seen(row))
        seen.count += 1
        if name and len(seen.names) < _MOST_NAMES:
            seen.names[printable(name[:_LONGEST_NAME])] = None

    def notices(self) -> Iterator[Notice]:
        """Yield a sentence for each kind of case."""
        for (kind, words), seen in self.seen.items():
            names = f" ({some(list(seen.names))})" if seen.names else ""
            count = f"{counted(seen.count, 'time')}, first in row {seen.first}"
            yield Notice(kind, f"{self.part}: {words}{names}: {count}.")


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """Where a value stands.

    Attributes:
        part: the file.
        row: the number of the row in the file.
        notices: those of the file.
        fills_nulls: whether what wrote the row has one type for all rows, as Parquet; then the keys
            that only other rows have are null.
        turn: the number of the turn in the conversation; None outside of the turns.
    """

    part: str
    row: int
    notices: RowNotices
    fills_nulls: bool = False
    turn: int | None = None

    def __str__(self) -> str:
        """Return the name of the place in messages."""
        turn = "" if self.turn is None else f", turn {self.turn}"
        return f"{self.part}, row {self.row}{turn}"

    def at_turn(self, turn: int) -> "RowOrigin":
        """Return the place of a turn in this row."""
        return RowOrigin(self.part, self.row, self.notices, self.fills_nulls, turn)

    def filled(self) -> "RowOrigin":
        """Return the same place in a row whose nulls stand for missing keys."""
        return RowOrigin(self.part, self.row, self.notices, True, self.turn)

    def error(self, words: str) -> DataError:
        """Return an error that names the place."""
        return DataError(f"{self}: {words}")

    def say(self, kind: NoticeKind, words: str, name: str = "") -> None:
        """Count one case for the notices of the file."""
        self.notices.add(kind, words, self.row, name)
