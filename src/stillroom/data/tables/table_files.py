"""Table files: one file in, some of its columns out.

    file ──by suffix──> {column: values}, rows in the file's order; SHA-256 of what was parsed

CSV values stay text: guessed types would turn the label "007" into 7. Every message names the row,
from 0; if a line cannot be parsed, it names the line, from 1.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import polars as pl

from stillroom.data.files.input_file import InputFile, open_input
from stillroom.data.files.text_stream import text_stream
from stillroom.data.tables.csv_rows import csv_rows
from stillroom.data.tables.json_columns import json_column
from stillroom.data.tables.json_rows import Record, json_document, json_lines
from stillroom.data.tables.table_formats import table_suffix
from stillroom.data.tables.table_request import TableRequest
from stillroom.errors import DataError


@dataclass(frozen=True, slots=True)
class TableColumns:
    """The columns of a file.

    Attributes:
        frame: the wanted columns that the file has.
        class_names: the names of the classes, by column, where the file holds them.
        sha256: the hash of the file.
    """

    frame: pl.DataFrame
    class_names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    sha256: str = ""


def read_columns(path: Path, request: TableRequest) -> TableColumns:
    """Read the columns of one file that `request` wants.

    Raises:
        DataError: the file does not fit its suffix, a column is missing, or it costs too much.
    """
    read = _READERS[_plain_suffix(path)]
    with open_input(path, request.part, request.limits) as file:
        columns = read(file, request.within(file))
        return TableColumns(columns.frame, columns.class_names, file.sha256)


def is_csv(path: PurePath) -> bool:
    """Tell whether a file has rows of fields."""
    return _plain_suffix(path) in (".csv", ".tsv", ".tab")


def is_json(path: PurePath) -> bool:
    """Tell whether a file has JSON objects."""
    return _plain_suffix(path) in _JSON


def _plain_suffix(path: PurePath) -> str:
    suffix = table_suffix(path)
    if suffix is None:
        raise DataError(f"{path.name} is not a table. Rename it, or change data.path.")
    return suffix.removesuffix(".gz")


def json_records(file: InputFile, request: TableRequest) -> Iterator[tuple[str, Record]]:
    """Yield the records of an open file with its objects, each with its name in messages."""
    read = _JSON[_plain_suffix(PurePath(file.part))]
    with text_stream(file, request.limits, request.notices, newline=None) as text:
        yield from read(text, request)


def _read_csv(file: InputFile, request: TableRequest) -> TableColumns:
    with text_stream(file, request.limits, request.notices, newline="") as text:
        table = csv_rows(text, request)
        places = {
            name: table.header.index(own) for name, own in request.present(table.header).items()
        }
        columns: dict[str, list[str | None]] = {name: [] for name in places}
        for _, fields in table.rows:
            for name, place in places.items():
                # CSV cannot tell an empty field from a missing one.
                columns[name].append(fields[place] or None)
    return TableColumns(pl.DataFrame(columns, schema=dict.fromkeys(places, pl.String())))


def _read_json(file: InputFile, request: TableRequest) -> TableColumns:
    columns: dict[str, list[object]] = {name: [] for name in request.wanted}
    keys: dict[str, None] = {}
    for _, record in json_records(file, request):
        keys |= dict.fromkeys(record)
        for name, values in columns.items():
            values.append(record.get(name))
    # A file without a row has no keys, and any column: the caller says that there are no rows.
    names = request.present(list(keys)) if keys else dict.fromkeys(request.wanted, "")
    for name, own in names.items():
        if own and own != name:
            raise DataError(f"{request.part} has no key {name}, but {own!r}. Remove the blanks.")
    frame = pl.DataFrame([json_column(name, columns[name], request.part) for name in names])
    return TableColumns(frame)


def _read_arrow(file: InputFile, request: TableRequest) -> TableColumns:
    from stillroom.data.tables.arrow_process import arrow_frame, class_labels

    frame, schema = arrow_frame(file, request)
    names = {name: class_labels(schema, name, request.part) for name in frame.columns}
    return TableColumns(frame, {name: known for name, known in names.items() if known is not None})


_JSON = {".jsonl": json_lines, ".ndjson": json_lines, ".json": json_document}
_READERS: dict[str, Callable[[InputFile, TableRequest], TableColumns]] = {
    **dict.fromkeys((".parquet", ".arrow", ".feather"), _read_arrow),
    **dict.fromkeys((".csv", ".tsv", ".tab"), _read_csv),
    **dict.fromkeys(_JSON, _read_json),
}
