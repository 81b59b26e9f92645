"""Arrow tables: Parquet, Arrow and Feather files in; some columns out, checked before unpacking.

    footer ──rows, values and bytes within the budget?──> columns ──validated──> polars

A few kilobytes of Parquet can claim 16 GB, or hold one value 60 million times. Text stays as the
index of a dictionary until its size is known.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq
from polars.exceptions import PanicException

from stillroom.data.files.input_file import InputFile
from stillroom.data.tables.table_request import TableRequest, require_rows, unreadable
from stillroom.errors import DataError

_ROWS_AT_ONCE, _RECORDS_AT_ONCE = 2**16, 2**8
_VALUE_BYTES = 8


@contextmanager
def arrow_errors(part: str) -> Iterator[None]:
    """Turn what pyarrow and polars raise on damaged files into one line."""
    try:
        yield
    except (
        pa.ArrowException,
        pl.exceptions.PolarsError,
        PanicException,
        ValueError,
        OSError,
        MemoryError,
    ) as error:
        raise unreadable(part, error or type(error).__name__) from error


def arrow_frame(file: InputFile, request: TableRequest) -> tuple[pl.DataFrame, Any]:
    """Return the wanted columns that a file has, and its Arrow schema.

    Raises:
        DataError: the file is damaged, lacks a column, or costs more than allowed.
    """
    with arrow_errors(request.part):
        opened = _opened(file, request, _ROWS_AT_ONCE)
        kept = list(_checked(opened, file, request))
        fields = [opened.schema.field(own) for own in opened.names.values()]
        table = pa.concat_tables(kept) if kept else pa.schema(fields).empty_table()
        return _frame(table, opened.names), opened.schema


def arrow_batches(file: InputFile, request: TableRequest, rows: int) -> Iterator[pl.DataFrame]:
    """Yield the wanted columns, at most `rows` rows of Parquet at a time; errors as above."""
    with arrow_errors(request.part):
        opened = _opened(file, request, rows)
        for table in _checked(opened, file, request):
            yield _frame(table, opened.names)


def class_labels(schema: Any, name: str, part: str) -> tuple[str, ...] | None:
    """Return the names of the classes that the library `datasets` stored for a column.

    Raises:
        DataError: the names are no texts, or not different.
    """
    try:
        stored = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        feature = stored["info"]["features"][name]
        names = feature["names"] if feature.get("_type") == "ClassLabel" else None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(one, str) and one for one in names):
        raise DataError(f"{part}: the class names of column {name} are not text. Correct them.")
    if len(set(names)) < len(names):
        raise DataError(f"{part}: a class name of column {name} stands twice. Correct them.")
    return tuple(names)


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open file: its schema, the wanted columns by their own names, and its batches."""

    schema: Any
    names: dict[str, str]
    batches: Iterator[Any]


def _opened(file: InputFile, request: TableRequest, rows: int) -> _Opened:
    is_parquet = file.part.lower().endswith(".parquet")
    return _parquet(file, request, rows) if is_parquet else _ipc(file, request)


def _parquet(file: InputFile, request: TableRequest, rows: int) -> _Opened:
    # polars never verifies the checksum of a page; pyarrow can.
    options = {"page_checksum_verification": True}
    opened = pq.ParquetFile(file.stream, **options)
    schema = opened.schema_arrow
    names = request.present(schema.names)
    columns = [*names.values()]
    _check_footer(opened.metadata, columns, file, request)
    types = {own: schema.field(own).type for own in columns}
    texts = [own for own, kind in types.items() if _is_text(kind)]
    opened = pq.ParquetFile(file.stream, read_dictionary=texts, **options)
    # The bytes of a record, such as an image, are not counted before they are unpacked.
    few = any(map(pa.types.is_struct, types.values()))
    at_once = min(rows, _RECORDS_AT_ONCE) if few else rows
    return _Opened(schema, names, opened.iter_batches(at_once, columns=columns))


def _ipc(file: InputFile, request: TableRequest) -> _Opened:
    try:
        reader = pa.ipc.open_file(file.stream)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
    except pa.ArrowInvalid:  # `datasets` writes the format of streams
        file.stream.seek(0)
        reader = pa.ipc.open_stream(file.stream)
        batches = iter(reader)
    return _Opened(reader.schema, request.present(reader.schema.names), batches)


def _check_footer(footer: Any, names: list[str], file: InputFile, request: TableRequest) -> None:
    """Check what the footer claims, before a page is unpacked."""
    require_rows(footer.num_rows, request)
    claimed = 0
    for group in range(footer.num_row_groups):
        for place in range(footer.num_columns):
            chunk = footer.row_group(group).column(place)
            if chunk.path_in_schema.split(".")[0] in {name.split(".")[0] for name in names}:
                claimed += max(chunk.total_uncompressed_size, chunk.num_values * _VALUE_BYTES)
    _check_bytes(claimed, file, request)


def _check_bytes(count: int, file: InputFile, request: TableRequest) -> None:
    if count > (most := file.budget(request.limits)):
        raise DataError(
            f"{request.part} has {file.size:,} bytes, but its columns take {count:,} unpacked; "
            f"allowed are {most:,}. If it is sound, raise data.limits.bytes and data.limits.ratio."
        )


def _checked(opened: _Opened, file: InputFile, request: TableRequest) -> Iterator[Any]:
    rows = size = 0
    for batch in opened.batches:
        table = pa.table(batch.select([*opened.names.values()]))
        table.validate(full=True)  # an offset beyond its buffer would crash the process
        rows += table.num_rows
        size += sum(_plain_bytes(chunk) for column in table.columns for chunk in column.chunks)
        require_rows(rows, request)
        _check_bytes(size, file, request)
        yield table


def _plain_bytes(chunk: Any) -> int:
    """Return how large a chunk is once each index of a dictionary is replaced by its text."""
    if not pa.types.is_dictionary(chunk.type):
        return int(chunk.nbytes)
    if not _is_text(chunk.type.value_type):
        return len(chunk) * _VALUE_BYTES
    lengths = pc.take(pc.binary_length(chunk.dictionary), chunk.indices)
    return int(pc.sum(lengths.cast(pa.int64())).as_py() or 0)


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _frame(table: Any, names: dict[str, str]) -> pl.DataFrame:
    columns = []
    for name, own in names.items():
        column = table.column(own)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        columns.append(pl.Series(name, pl.from_arrow(column)))
    return pl.DataFrame(columns)
