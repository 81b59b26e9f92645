"""Table requests: which columns of a file are wanted, and what was seen while they were read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from stillroom.config.schema.data_schema import Csv, Limits
from stillroom.data.files.input_file import InputFile
from stillroom.data.notices import Notice
from stillroom.errors import DataError, nearest

_NAMES_COMPARED, _NAMES_SHOWN = 1000, 20


@dataclass(frozen=True, slots=True)
class TableRequest:
    """What to read of a file.

    Attributes:
        part: the name of the file in messages; its suffixes are the format.
        wanted: the columns, each once.
        optional: those of `wanted` that a file may lack.
        of_objects: columns whose values are lists of objects. A JSON document with such a list is a
            row, not a table of columns.
        hints: what to add to the error if a column is missing, by column.
        csv: how CSV files are read.
        limits: what the file may cost.
        notices: gets what is guessed or converted.
    """

    part: str
    wanted: tuple[str, ...]
    limits: Limits
    optional: frozenset[str] = frozenset()
    of_objects: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)
    csv: Csv = field(default_factory=lambda: Csv(delimiter=None, quotes=True))
    notices: list[Notice] = field(default_factory=list)

    def present(self, columns: Sequence[str], part: str | None = None) -> dict[str, str]:
        """Return the wanted columns that the file has, each with its name in the file.

        Blanks around a name in the file do not count.

        Args:
            columns: all columns of the file.
            part: the name for messages, if it is not that of the file.

        Raises:
            DataError: a column is missing, or stands twice; or there are too many columns.
        """
        part = part or self.part
        if len(columns) > self.limits.columns:
            raise DataError(
                f"{part} has {len(columns):,} columns, but data.limits.columns is "
                f"{self.limits.columns:,}. Remove columns, or raise data.limits.columns."
            )
        names = {name: self._name(name, columns, part) for name in self.wanted}
        return {name: own for name, own in names.items() if own is not None}

    def within(self, file: InputFile) -> "TableRequest":
        """Return the request with the limits on what this file may unpack to."""
        rows = file.most_rows(self.limits)
        return replace(self, limits=replace(self.limits, rows=rows))

    def say(self, notice: Notice) -> None:
        """Add a notice, unless the same was added before."""
        if notice not in self.notices:
            self.notices.append(notice)

    def _name(self, name: str, columns: Sequence[str], part: str) -> str | None:
        same = [own for own in columns if own == name]
        if not same:
            same = [own for own in columns if own.strip() == name]
            if same:
                words = f"{part}: the column {same[0]!r} is read as {name}, without the blanks."
                self.say(Notice("guessed", words))
        if len(same) > 1:
            raise DataError(
                f"{part} has {len(same)} columns called {name}. Rename or remove all but one."
            )
        if same:
            return same[0]
        if name in self.optional and not _in_other_case(name, columns):
            return None
        raise self._missing(name, columns, part)

    def _missing(self, name: str, columns: Sequence[str], part: str) -> DataError:
        shown = ", ".join(columns[:_NAMES_SHOWN]) or "none"
        similar = nearest(name, list(columns[:_NAMES_COMPARED]))
        words = f"{part} has no column {name}.{similar} Its columns: {shown}. Set data.columns."
        return DataError(f"{words} {self.hints.get(name, '')}".rstrip())


def _in_other_case(name: str, columns: Sequence[str]) -> bool:
    return any(own.strip().casefold() == name.casefold() for own in columns)


def unreadable(part: str, reason: object, way_out: str = "Replace or correct it.") -> DataError:
    """Return the error for a file that does not have the format of its name."""
    kind = part.lower().removesuffix(".gz").rpartition(".")[2]
    words = " ".join(str(reason).split())[:120]
    return DataError(f"{part} is not a readable {kind} file ({words}). {way_out}")


def require_rows(count: int, request: TableRequest) -> None:
    """Raise DataError if a file has more rows than allowed."""
    if count > request.limits.rows:
        raise DataError(
            f"{request.part} has more than {request.limits.rows:,} rows. Allowed are "
            "data.limits.rows, and one for each byte on disk beyond a million. Split or unpack it."
        )
