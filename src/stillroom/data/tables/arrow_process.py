"""Arrow tables: Parquet, Arrow and Feather files in; some columns out, parsed in another process.

    file ──bounded process──> plain Arrow stream in a temporary folder ──> polars

The bounds on memory and time grow with the file. Starting the process takes about half a second.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from stillroom.data.files.input_file import InputFile, changed
from stillroom.data.notices import Notice
from stillroom.data.tables.table_request import TableRequest
from stillroom.errors import DataError
from stillroom.io.bounded_worker import Bounds, run_bounded

_MEMORY, _MEMORY_PER_BYTE = 2 * 2**30, 4
_SECONDS, _BYTES_PER_SECOND = 60.0, 5_000_000
_LONGEST_DESCRIPTION = 2**24


def arrow_frame(file: InputFile, request: TableRequest) -> tuple[pl.DataFrame, Any]:
    """Return the wanted columns that a file has, and its Arrow schema.

    Raises:
        DataError: the file is damaged, lacks a column, or costs more than allowed.
    """
    import pyarrow as pa

    with _unpacked(file, request) as unpacked:
        batches = list(unpacked.batches)
        table = pa.Table.from_batches(batches, unpacked.schema)
        return _frame(table, unpacked.names), unpacked.schema


def arrow_batches(file: InputFile, request: TableRequest) -> Iterator[pl.DataFrame]:
    """Yield the wanted columns, some rows at a time; errors as above."""
    import pyarrow as pa

    with _unpacked(file, request) as unpacked:
        for batch in unpacked.batches:
            yield _frame(pa.table(batch), unpacked.names)


def class_labels(schema: Any, name: str, part: str) -> tuple[str, ...] | None:
    """Return the names of the classes that the library `datasets` stored for a column.

    Raises:
        DataError: the names are no texts, or not different.
    """
    stored = (schema.metadata or {}).get(b"huggingface", b"{}")
    try:
        document = json.loads(stored) if len(stored) <= _LONGEST_DESCRIPTION else {}
        feature = document["info"]["features"][name]
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
class _Unpacked:
    schema: Any
    names: dict[str, str]
    batches: Iterator[Any]


@contextmanager
def _unpacked(file: InputFile, request: TableRequest) -> Iterator[_Unpacked]:
    import pyarrow as pa
    import pyarrow.ipc

    from stillroom.data.tables.arrow_worker import request_document, unpack

    with TemporaryDirectory(prefix="stillroom-") as folder:
        target = Path(folder) / "columns.arrow"
        arguments = (str(file.path.absolute()), request_document(request), str(target))
        result = run_bounded(unpack, *arguments, subject=file.part, bounds=_bounds(file, request))
        if result["sha256"] != file.sha256:
            raise changed(file.part)
        for kind, text in result["notices"]:
            request.say(Notice(kind, text))
        with pa.memory_map(str(target)) as source:
            reader = pa.ipc.open_stream(source)
            yield _Unpacked(reader.schema, result["names"], iter(reader))


def _bounds(file: InputFile, request: TableRequest) -> Bounds:
    return Bounds(
        memory=_MEMORY + _MEMORY_PER_BYTE * file.size,
        seconds=_SECONDS + file.size / _BYTES_PER_SECOND,
        result=2 * file.budget(request.limits),
    )


def _frame(table: Any, names: dict[str, str]) -> pl.DataFrame:
    return pl.DataFrame(
        [pl.Series(name, pl.from_arrow(table.column(own))) for name, own in names.items()]
    )
