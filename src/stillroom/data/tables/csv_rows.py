"""CSV rows: the text of a file in, its header and rows out.

    lines ──header gives the delimiter──> header, (row number, fields), …

Values stay text: guessed types would turn the label "007" into 7.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TextIO

from stillroom.data.files.text_stream import bounded_lines
from stillroom.data.notices import Notice
from stillroom.data.tables.table_request import TableRequest, require_rows, unreadable
from stillroom.errors import DataError

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
_NAMES = {sign: name for name, sign in DELIMITERS.items()}
_TABS = (".tsv", ".tab")
_MANY_LINES = 100
_WAY_OUT = (
    "Close it and double the quotes inside of a field, or set data.csv.quotes=false if quotes are "
    "signs like any other."
)


@dataclass(frozen=True, slots=True)
class CsvRows:
    """A header, and an iterator over the rows below it; each row has as many fields."""

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]


def csv_rows(text: TextIO, request: TableRequest) -> CsvRows:
    """Return the rows of an open CSV file, with `newline=""`.

    Raises:
        DataError: at once or while iterating: the file is not CSV, or a row has too many or too few
            fields, or the header stands twice.
    """
    lines = bounded_lines(text, request.part, request.limits)
    first = next((line for line in lines if line.strip()), "")
    sign, first = _delimiter(first, lines, request)
    reader = _Records(chain([first] if first else [], lines), sign, request)
    header = next(reader, [])
    return CsvRows(header, _rows(reader, header, request))


class _Records(Iterator[list[str]]):
    """The records of a file, and the line in which each starts."""

    def __init__(self, lines: Iterator[str], sign: str, request: TableRequest) -> None:
        # The limit of the library, 131,072 characters, is global to the process.
        csv.field_size_limit(request.limits.record)
        self._reader = csv.reader(
            lines,
            delimiter=sign,
            strict=True,
            quoting=csv.QUOTE_MINIMAL if request.csv.quotes else csv.QUOTE_NONE,
        )
        self._request = request
        self._said = False
        self.line = 1

    def __next__(self) -> list[str]:
        self.line = self._reader.line_num + 1
        try:
            record = next(self._reader)
        except csv.Error as error:
            raise self._refused(str(error)) from error
        if not self._said and self._reader.line_num - self.line >= _MANY_LINES:
            self._said = True
            self._request.say(self._many_lines())
        return record

    def _refused(self, reason: str) -> DataError:
        if "end of data" in reason or "field larger" in reason:
            words = f"line {self.line}: a quote opens there and is not closed"
            limit = f" within data.limits.record, {self._request.limits.record:,} characters"
            return unreadable(
                self._request.part,
                words + (limit if "larger" in reason else ""),
                _WAY_OUT,
            )
        return unreadable(self._request.part, f"line {self.line}: {reason}", _WAY_OUT)

    def _many_lines(self) -> Notice:
        return Notice(
            "guessed",
            f"{self._request.part}: the row that starts in line {self.line} spans {_MANY_LINES} "
            "lines or more, as its quotes say. If it is several rows, a quote is not closed.",
        )


def _delimiter(first: str, lines: Iterator[str], request: TableRequest) -> tuple[str, str]:
    """Return the delimiter, and the line of the header."""
    if request.csv.delimiter is not None:
        return DELIMITERS[request.csv.delimiter], first
    if request.part.lower().removesuffix(".gz").endswith(_TABS):
        return "\t", first
    declared = first.strip().lower()
    if declared.startswith("sep=") and declared[4:] in _NAMES:  # Excel writes this line
        _say_delimiter(declared[4:], "its first line", request)
        return declared[4:], next(lines, "")
    present = {sign: _wanted_in(first, sign, request) for sign in _NAMES}
    best = max(_NAMES, key=lambda sign: present[sign])  # the comma, if equal
    if best != ",":
        _say_delimiter(best, "its header", request)
    return best, first


def _wanted_in(line: str, sign: str, request: TableRequest) -> int:
    """Return how many wanted columns the header has if `sign` is the delimiter."""
    try:
        names = next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return 0
    return len({name.strip() for name in names}.intersection(request.wanted))


def _say_delimiter(sign: str, where: str, request: TableRequest) -> None:
    words = f"{request.part}: the delimiter is {_NAMES[sign]}, as {where} says"
    request.say(Notice("guessed", f"{words} (data.csv.delimiter)."))


def _rows(
    reader: _Records, header: list[str], request: TableRequest
) -> Iterator[tuple[int, list[str]]]:
    row = 0
    for record in reader:
        if len(record) != len(header):
            if not any(field.strip() for field in record):
                continue  # a blank line
            raise DataError(
                f"{request.part} row {row} has {len(record)} fields, but the header has "
                f"{len(header)}. Correct the row."
            )
        if record == header and len(header) > 1:
            raise DataError(
                f"{request.part} row {row} (line {reader.line}) is the header again. Remove it; if "
                "two files were joined, check that their columns agree."
            )
        require_rows(row + 1, request)
        yield row, record
        row += 1
