"""Text columns: a table in, the texts of one column out, a few rows at a time.

*.jsonl, *.csv, *.parquet, … ──by suffix──> text, text, …
"""

from collections.abc import Iterator
from pathlib import PurePath

import polars as pl

from stillroom.data.files.input_file import InputFile
from stillroom.data.files.text_stream import text_stream
from stillroom.data.tables.csv_rows import csv_rows
from stillroom.data.tables.json_columns import json_text
from stillroom.data.tables.labels_and_texts import as_texts, is_text
from stillroom.data.tables.table_files import is_csv, is_json, json_records
from stillroom.data.tables.table_request import TableRequest


def column_texts(file: InputFile, request: TableRequest) -> Iterator[str]:
    """Yield the texts of the one column that `request` wants. A missing text is empty.

    Raises:
        DataError: the file does not fit its suffix or lacks the column, or a value is not text.
    """
    path = PurePath(request.part)
    read = _of_json if is_json(path) else _of_csv if is_csv(path) else _of_arrow
    yield from read(file, request)


def _of_json(file: InputFile, request: TableRequest) -> Iterator[str]:
    for origin, record in json_records(file, request):
        names = request.present(list(record), origin)
        for name, own in names.items():
            yield json_text(record[own], origin, name)


def _of_csv(file: InputFile, request: TableRequest) -> Iterator[str]:
    with text_stream(file, request.limits, request.notices, newline="") as text:
        table = csv_rows(text, request)
        (own,) = request.present(table.header).values()
        place = table.header.index(own)
        for _, fields in table.rows:
            yield fields[place]


def _of_arrow(file: InputFile, request: TableRequest) -> Iterator[str]:
    from stillroom.data.tables.arrow_process import arrow_batches

    for frame in arrow_batches(file, request):
        for texts in frame:
            # A missing text becomes an empty document; the caller refuses it by its number.
            can_fill = is_text(texts) or texts.dtype == pl.Null
            yield from as_texts(texts.fill_null("") if can_fill else texts, request.part)
