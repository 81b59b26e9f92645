"""Table files: one Parquet, CSV or JSONL file in, some of its columns out.

    file ──by suffix──> {column: values}, rows in the file's order

CSV values stay text: guessed types would turn the label "007" into 7. Every message names the row,
from 0; if a line cannot be parsed, it names the line, from 1.
"""

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException

from stillroom.errors import DataError, nearest


def read_columns(path: Path, part: str, wanted: Sequence[str]) -> pl.DataFrame:
    """Read the `wanted` columns of one file; `part` is its name in messages.

    Raises:
        DataError: the file does not fit its suffix, or a column is missing.
    """
    read = _FORMATS[path.suffix.lower()]
    try:
        return read(path, part, wanted)
    except OSError as error:
        raise unreadable(part, error) from error


def _read_parquet(path: Path, part: str, wanted: Sequence[str]) -> pl.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # polars never verifies the checksum of a page; pyarrow can.
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            require_columns(wanted, file.schema_arrow.names, part)
            return pl.DataFrame(file.read(columns=list(wanted)))
    except (pa.ArrowException, pl.exceptions.PolarsError, PanicException, ValueError) as error:
        raise unreadable(part, error) from error


def _read_csv(path: Path, part: str, wanted: Sequence[str]) -> pl.DataFrame:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            require_columns(wanted, header, part)
            records = [record for record in reader if record]
    except (csv.Error, UnicodeDecodeError) as error:
        raise unreadable(part, error) from error
    for row, record in enumerate(records):
        if len(record) != len(header):
            raise DataError(
                f"{part} row {row} has {len(record)} fields, but the header has {len(header)}. "
                "Correct the row."
            )
    places = {name: header.index(name) for name in wanted}
    # CSV cannot tell an empty field from a missing one.
    columns = {name: [r[place] or None for r in records] for name, place in places.items()}
    return pl.DataFrame(columns, schema=dict.fromkeys(wanted, pl.String()))


def _read_jsonl(path: Path, part: str, wanted: Sequence[str]) -> pl.DataFrame:
    columns: dict[str, list[object]] = {name: [] for name in wanted}
    seen: dict[str, None] = {}
    try:
        with path.open(encoding="utf-8-sig") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    record = json_record(line, number, part)
                    seen |= dict.fromkeys(record)
                    for name, values in columns.items():
                        values.append(record.get(name))
    except UnicodeDecodeError as error:
        raise unreadable(part, error) from error
    if seen:
        require_columns(wanted, list(seen), part)
    return pl.DataFrame([_series(name, values, part) for name, values in columns.items()])


_FORMATS: dict[str, Callable[[Path, str, Sequence[str]], pl.DataFrame]] = {
    ".parquet": _read_parquet,
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".ndjson": _read_jsonl,
}
SUFFIXES = tuple(_FORMATS)


def json_record(line: str, number: int, part: str) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{part} line {number} is not JSON ({error}). Correct the line.") from error
    if not isinstance(record, dict):
        raise DataError(f"{part} line {number} is not a JSON object. Write one object per line.")
    return record


def _series(name: str, values: Sequence[object], part: str) -> pl.Series:
    """Return a column of one type: null, text, truth values, integers, or numbers."""
    dtype: pl.DataType = pl.Null()
    for row, value in enumerate(values):
        if value is None:
            continue
        value_type = _json_type(value)
        if value_type is None:
            raise DataError(
                f"{part} row {row}: column {name} holds {_short(value)}; allowed are text, true, "
                "false and numbers of 64 bits. Correct the row."
            )
        both = {dtype, value_type}
        if both not in ({value_type}, {pl.Null(), value_type}, {pl.Int64(), pl.Float64()}):
            raise DataError(
                f"{part} row {row}: column {name} holds {_short(value)} ({value_type}), but the "
                f"rows before hold {dtype}. Give the column one type."
            )
        dtype = pl.Float64() if pl.Float64() in both else value_type
    return pl.Series(name, values, dtype=dtype)


def _json_type(value: object) -> pl.DataType | None:
    """Return the type of a column that holds `value`, or None if none can."""
    match value:
        case bool():
            return pl.Boolean()
        case int():
            return pl.Int64() if -(2**63) <= value < 2**63 else None
        case float():
            return pl.Float64()
        case str():
            # JSON can encode half of a surrogate pair, which no UTF-8 file can hold.
            return pl.String() if value.isascii() or _is_utf8(value) else None
        case _:
            return None


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _short(value: object) -> str:
    """Return the start of `value` in ASCII, which any terminal can show."""
    return ascii(value)[:40]


def require_columns(wanted: Sequence[str], present: Sequence[str], part: str) -> None:
    for name in wanted:
        if name not in present:
            columns = ", ".join(present[:20]) or "none"
            raise DataError(
                f"{part} has no column {name}.{nearest(name, list(present))} "
                f"Its columns: {columns}. Set data.columns."
            )


def unreadable(part: str, error: Exception) -> DataError:
    kind = Path(part).suffix.lower().removeprefix(".")
    reason = " ".join(str(error).split())[:120]
    return DataError(f"{part} is not a readable {kind} file ({reason}). Replace or correct it.")
