"""Requests for columns of a table file, with ordinary limits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.examples.data_config import NESTED

from stillroom.config.schema.data_schema import Limits
from stillroom.data.tables.table_files import TableColumns, read_columns
from stillroom.data.tables.table_request import TableRequest


def limits(**changes: int) -> Limits:
    """Return limits that ordinary files keep."""
    return Limits(**(NESTED["limits"][1] | changes))


def a_request(part: str, wanted: Sequence[str], **changes: Any) -> TableRequest:
    """Return a request for the columns `wanted`; `changes` are its other fields."""
    return TableRequest(part=part, wanted=tuple(wanted), **({"limits": limits()} | changes))


def columns_of(path: Path, wanted: Sequence[str], **changes: Any) -> TableColumns:
    """Return columns of a file."""
    return read_columns(path, a_request(path.name, wanted, **changes))
