"""Feature columns: numbers, truth values and lists of numbers in; one list of numbers per row out.

    [N] numbers, [N] truth values, [N, k] lists ──side by side──> List(Float64) of width 1 + 1 + k

All values are finite, and -0.0 is 0.0. Each error names the file, the row (from 0) and the column.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from stillroom.data.notices import Notice
from stillroom.data.tables.labels_and_texts import first_row, is_text, wrong_type
from stillroom.errors import DataError

_MOST_EXACT = 2**53  # A float64 does not hold every larger whole number.
_TRUTH = {"true": "1", "false": "0"}
_ALLOWED = "numbers, true and false, or lists of as many numbers in each row"
_WAY_OUT = (
    "Fill it with a finite number, remove the row, or leave the column out of "
    "data.columns.features."
)


def as_features(columns: pl.DataFrame, part: str, notices: list[Notice]) -> pl.Series:
    """Return one list of numbers per row, in the order of the columns.

    Args:
        columns: the columns; a list or an array takes as many places as it has numbers.
        part: the name of the file in messages.
        notices: gets what was converted.

    Raises:
        DataError: a value is missing, not a number, NaN or infinite, or lists differ in length.
    """
    blocks = [_numbers(column, part, notices) for column in columns]
    for column, block in zip(columns, blocks, strict=True):
        if not (finite := np.isfinite(block).all(axis=1)).all():
            row = int((~finite).argmax())
            given = next(value for value in block[row] if not np.isfinite(value))
            raise DataError(f"{part} row {row}: column {column.name} is {given}. {_WAY_OUT}")
    # Adding 0.0 turns -0.0 into 0.0: equal inputs have one form.
    matrix = np.concatenate(blocks, axis=1) + 0.0
    return pl.Series(matrix).cast(pl.List(pl.Float64()))


def _numbers(column: pl.Series, part: str, notices: list[Notice]) -> NDArray[np.float64]:
    """Return [N, width]."""
    if isinstance(column.dtype, pl.List | pl.Array):
        return _lists(column, part)
    if is_text(column):
        column = _of_text(column, part, notices)
    elif not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
        raise wrong_type(column, part, _ALLOWED)
    if column.dtype.is_integer() and len(column):
        _say_rounded(column, part, notices)
    numbers = column.cast(pl.Float64(), strict=False)
    if numbers.null_count():
        row = first_row(numbers.is_null())
        given = "empty" if column[row] is None else f"{str(column[row])[:40]!r}, not a number"
        raise DataError(f"{part} row {row}: column {column.name} is {given}. {_WAY_OUT}")
    return numbers.to_numpy().reshape(-1, 1)


def _lists(column: pl.Series, part: str) -> NDArray[np.float64]:
    inner = column.dtype.inner  # type: ignore[attr-defined]
    if not (inner.is_numeric() or inner == pl.Null):
        raise wrong_type(column, part, _ALLOWED)
    lists = column.cast(pl.List(pl.Float64()))
    if not len(lists):
        return np.empty((0, 1))
    sizes = lists.list.len()
    width = sizes[first_row(sizes.is_not_null())] or 0
    wrong = (sizes.is_null() | (sizes != width) | (sizes == 0)).fill_null(value=True)
    if wrong.any():
        row = first_row(wrong)
        raise DataError(
            f"{part} row {row}: column {column.name} has {sizes[row] or 0} numbers, but the rows "
            f"before have {width}. Give each row as many numbers (at least one), or remove the row."
        )
    values = lists.explode()
    if values.null_count():
        row = first_row(values.is_null()) // width
        raise DataError(
            f"{part} row {row}: a number is missing in column {column.name}. {_WAY_OUT}"
        )
    return values.to_numpy().reshape(len(lists), width)


def _of_text(column: pl.Series, part: str, notices: list[Notice]) -> pl.Series:
    """Return numbers as text without blanks; true and false, in any case, as 1 and 0."""
    texts = column.cast(pl.String()).str.strip_chars()
    texts = texts.set(texts == "", None)
    is_list = texts.str.starts_with("[").fill_null(value=False)
    if is_list.any():
        raise DataError(
            f"{part} row {first_row(is_list)}: column {column.name} holds a list as text. Store it "
            "as a list, in Parquet or JSON Lines, or as one column for each number."
        )
    is_truth = texts.str.to_lowercase().is_in(list(_TRUTH)).fill_null(value=False)
    if not is_truth.any():
        return texts
    words = f"{part}: {is_truth.sum():,} values true or false of column {column.name} are 1 or 0."
    notices.append(Notice("converted", words))
    return texts.set(is_truth, None).fill_null(texts.str.to_lowercase().replace(_TRUTH))


def _say_rounded(column: pl.Series, part: str, notices: list[Notice]) -> None:
    exact = column.cast(pl.Int128()).is_between(-_MOST_EXACT, _MOST_EXACT).fill_null(value=True)
    if not exact.all():
        words = f"{part}: column {column.name} holds whole numbers beyond 2^53, which are rounded."
        notices.append(Notice("converted", words))
