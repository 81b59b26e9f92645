"""Arrow reader: Parquet, Arrow and Feather files in; batches of some columns out, each checked.

    footer ──rows, values and bytes within the budget?──> batches ──validated, counted──> batches

A few kilobytes of Parquet can claim 16 GB, or hold one value 60 million times; how much one batch
takes is not known before. Some damaged files end the process of the parsers, which are C++. So
`arrow_worker` calls this in a process of its own with a bound on memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc
import pyarrow.parquet as pq

from stillroom.data.files.input_file import InputFile
from stillroom.data.tables.table_request import TableRequest, require_rows, unreadable
from stillroom.errors import DataError

_BATCH_BYTES = 2**26
_FEWEST_ROWS, _MOST_ROWS = 2**8, 2**16
_VALUE_BYTES = 8


@contextmanager
def arrow_errors(part: str) -> Iterator[None]:
    """Turn what pyarrow raises on damaged files into one line."""
    try:
        yield
    except (pa.ArrowException, ValueError, KeyError, OSError, MemoryError) as error:
        raise unreadable(part, error or type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class ArrowBatches:
    """An open file: its schema, the wanted columns by their own names, and its batches."""

    schema: Any
    names: dict[str, str]
    batches: Iterator[Any]


def open_arrow(file: InputFile, request: TableRequest) -> ArrowBatches:
    """Return the wanted columns of a file, batch by batch.

    Raises:
        DataError: at once or while iterating, within `arrow_errors`: the file lacks a column, or
            costs more than allowed.
    """
    is_parquet = file.part.lower().endswith(".parquet")
    opened = _parquet(file, request) if is_parquet else _ipc(file, request)
    return replace(opened, batches=_checked(opened, file, request))


def _parquet(file: InputFile, request: TableRequest) -> ArrowBatches:
    # polars never verifies the checksum of a page; pyarrow can.
    opened = pq.ParquetFile(file.stream, page_checksum_verification=True)
    schema = opened.schema_arrow
    names = request.present(schema.names)
    columns = [*names.values()]
    claimed = _claimed_bytes(opened.metadata, columns)
    require_rows(opened.metadata.num_rows, request)
    _check_bytes(claimed, file, request)
    # The bytes of a record, such as an image, are not known before they are unpacked.
    is_record = any(pa.types.is_struct(schema.field(own).type) for own in columns)
    wide = _BATCH_BYTES * max(opened.metadata.num_rows, 1) // max(claimed, 1)
    rows = _FEWEST_ROWS if is_record else min(max(wide, _FEWEST_ROWS), _MOST_ROWS)
    batches = opened.iter_batches(rows, columns=columns, use_threads=False)
    return ArrowBatches(schema, names, batches)


def _ipc(file: InputFile, request: TableRequest) -> ArrowBatches:
    try:
        reader = pa.ipc.open_file(file.stream)
        batches = (reader.get_batch(number) for number in range(reader.num_record_batches))
    except pa.ArrowInvalid:  # `datasets` writes the format of streams
        file.stream.seek(0)
        reader = pa.ipc.open_stream(file.stream)
        batches = iter(reader)
    return ArrowBatches(reader.schema, request.present(reader.schema.names), batches)


def _claimed_bytes(footer: Any, names: list[str]) -> int:
    """Return what the columns take by the footer, which is known before a page is unpacked."""
    first = {name.split(".")[0] for name in names}
    claimed = 0
    for group in range(footer.num_row_groups):
        for place in range(footer.num_columns):
            chunk = footer.row_group(group).column(place)
            if chunk.path_in_schema.split(".")[0] in first:
                claimed += max(chunk.total_uncompressed_size, chunk.num_values * _VALUE_BYTES)
    return claimed


def _check_bytes(count: int, file: InputFile, request: TableRequest) -> None:
    if count > (most := file.budget(request.limits)):
        raise DataError(
            f"{request.part} has {file.size:,} bytes, but its columns take {count:,} unpacked; "
            f"allowed are {most:,}. If it is sound, raise data.limits.bytes and data.limits.ratio."
        )


def _checked(opened: ArrowBatches, file: InputFile, request: TableRequest) -> Iterator[Any]:
    rows = size = 0
    for batch in opened.batches:
        chosen = batch.select([*opened.names.values()])
        chosen.validate(full=True)  # an offset beyond its buffer would crash the process
        rows += chosen.num_rows
        size += sum(_plain_bytes(column) for column in chosen.columns)
        require_rows(rows, request)
        _check_bytes(size, file, request)
        yield _plain(chosen)


def _plain(batch: Any) -> Any:
    """Return a batch with each index of a dictionary replaced by its value."""
    columns = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in batch.columns
    ]
    schema = pa.schema(list(zip(batch.schema.names, (one.type for one in columns), strict=True)))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


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
