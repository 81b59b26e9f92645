"""Column values: a column of any type in; checked labels, texts or features out.

    column ──as_labels──> String, null if missing
           ──as_texts───> String, none missing
    columns ──as_features──> List(Float64), all finite, -0.0 as 0.0

Each error names the file, the row (from 0) and the column.
"""

import numpy as np
import polars as pl

from stillroom.errors import DataError

_MOST_EXACT = 2.0**53  # A float64 does not hold every larger whole number.


def as_labels(column: pl.Series, part: str) -> pl.Series:
    """Return labels as text. 3 and 3.0 become "3", true becomes "true", empty text and NaN null.

    Raises:
        DataError: the column holds fractions, or neither text nor numbers.
    """
    if column.dtype.is_float():
        # pandas turns a column of integers with a gap into floats.
        numbers = column.fill_nan(None)
        broken = (
            ~numbers.is_finite() | (numbers != numbers.round()) | (numbers.abs() > _MOST_EXACT)
        ).fill_null(value=False)
        if broken.any():
            row = _first(broken)
            raise DataError(
                f"{part} row {row}: label {numbers[row]} in column {column.name} is not the "
                "name of a class. Use text or whole numbers."
            )
        column = numbers.cast(pl.Int64())
    if not (column.dtype.is_integer() or _is_text(column) or column.dtype in (pl.Boolean, pl.Null)):
        raise _wrong_type(column, part, "text or whole numbers")
    names = column.cast(pl.String())
    return names.set(names.str.strip_chars() == "", None)


def as_texts(column: pl.Series, part: str) -> pl.Series:
    """Return texts as they are.

    Raises:
        DataError: the column is not text, or a row is empty.
    """
    if not _is_text(column) and column.dtype != pl.Null:
        raise _wrong_type(column, part, "text")
    if column.null_count():
        raise DataError(
            f"{part} row {_first(column.is_null())}: column {column.name} is empty. Fill it, or "
            "remove the row."
        )
    return column.cast(pl.String())


def as_features(columns: pl.DataFrame, part: str) -> pl.Series:
    """Return one list of numbers per row, in the order of the columns.

    Raises:
        DataError: a value is missing, not a number, NaN or infinite.
    """
    matrix = np.empty((columns.height, columns.width), np.float64)
    for place, column in enumerate(columns):
        numbers = _numbers(column, part)
        if not (finite := numbers.is_finite()).all():
            row = _first(~finite)
            raise DataError(
                f"{part} row {row}: column {column.name} is {numbers[row]}. Fill it with a finite "
                "number, or remove the row."
            )
        matrix[:, place] = numbers.to_numpy()
    # Adding 0.0 turns -0.0 into 0.0: equal inputs have one form.
    return pl.Series(matrix + 0.0).cast(pl.List(pl.Float64()))


def _numbers(column: pl.Series, part: str) -> pl.Series:
    if not (column.dtype.is_numeric() or _is_text(column) or column.dtype in (pl.Boolean, pl.Null)):
        raise _wrong_type(column, part, "numbers")
    numbers = column.cast(pl.Float64(), strict=False)
    if numbers.null_count():
        row = _first(numbers.is_null())
        given = "empty" if column[row] is None else f"{str(column[row])[:40]!r}, not a number"
        raise DataError(
            f"{part} row {row}: column {column.name} is {given}. Fill it with a finite number, or "
            "remove the row."
        )
    return numbers


def _is_text(column: pl.Series) -> bool:
    return column.dtype in (pl.String, pl.Categorical, pl.Enum)


def _first(mask: pl.Series) -> int:
    """Return the row of the first True."""
    row = mask.arg_max()
    return 0 if row is None else row


def _wrong_type(column: pl.Series, part: str, allowed: str) -> DataError:
    return DataError(
        f"{part}: column {column.name} is {column.dtype}; allowed: {allowed}. "
        "Name another column, or convert it."
    )
