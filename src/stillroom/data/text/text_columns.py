"""Text columns: a table in, the texts of one column out, a few rows at a time.

*.jsonl, *.csv, *.parquet ──by suffix──> text, text, …
"""

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from stillroom.data.tables.column_values import as_texts
from stillroom.data.tables.table_files import json_record, require_columns, unreadable
from stillroom.errors import DataError

ROWS_AT_ONCE = 1024
# A field of a CSV file may hold a whole document; the limit of the library is 131,072 characters.
LONGEST_FIELD = 2**30


def column_texts(path: Path, part: str, column: str) -> Iterator[str]:
    """Yield the texts of one column of a file; `part` is its name in messages.

    Raises:
        DataError: the file does not fit its suffix or lacks the column, or a text is missing.
    """
    try:
        yield from _FORMATS[path.suffix.lower()](path, part, column)
    except OSError as error:
        raise unreadable(part, error) from error


def _of_jsonl(path: Path, part: str, column: str) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    record = json_record(line, number, part)
                    require_columns([column], list(record), f"{part} line {number}")
                    yield _text(record[column], f"{part} line {number}", column)
    except UnicodeDecodeError as error:
        raise unreadable(part, error) from error


def _of_csv(path: Path, part: str, column: str) -> Iterator[str]:
    csv.field_size_limit(LONGEST_FIELD)
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            require_columns([column], header, part)
            place = header.index(column)
            for row, record in enumerate(filter(None, reader)):
                if len(record) != len(header):
                    raise DataError(
                        f"{part} row {row} has {len(record)} fields, but the header has "
                        f"{len(header)}. Correct the row."
                    )
                yield record[place]
    except (csv.Error, UnicodeDecodeError) as error:
        raise unreadable(part, error) from error


def _of_parquet(path: Path, part: str, column: str) -> Iterator[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            require_columns([column], file.schema_arrow.names, part)
            for batch in file.iter_batches(ROWS_AT_ONCE, columns=[column]):
                texts = pl.DataFrame(pl.from_arrow(batch))[column]
                # A missing text becomes an empty document; the caller refuses it by its number.
                is_text = texts.dtype in (pl.String, pl.Null)
                yield from as_texts(texts.fill_null("") if is_text else texts, part)
    except (pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise unreadable(part, error) from error


_FORMATS: dict[str, Callable[[Path, str, str], Iterator[str]]] = {
    ".jsonl": _of_jsonl,
    ".ndjson": _of_jsonl,
    ".csv": _of_csv,
    ".parquet": _of_parquet,
}
SUFFIXES = tuple(_FORMATS)


def _text(value: object, origin: str, column: str) -> str:
    if not isinstance(value, str):
        raise DataError(f"{origin}: {column} is {ascii(value)[:40]}, not text. Correct the line.")
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON can encode half of a surrogate pair
        raise DataError(f"{origin}: {column} is not Unicode text. Correct the line.") from None
    return value
