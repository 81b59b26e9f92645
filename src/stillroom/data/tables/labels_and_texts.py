"""Column values: a column of any type in; checked labels or texts out.

    column ──as_labels──> String, null if missing
           ──as_texts───> String, none missing

Each error names the file, the row (from 0) and the column.
"""

from collections.abc import Sequence

import polars as pl

from stillroom.data.notices import Notice
from stillroom.errors import DataError

_MOST_EXACT = 2.0**53  # A float64 does not hold every larger whole number.
_NO_LABEL = -1  # of an index of a class, as the library `datasets` stores a missing label


def as_labels(column: pl.Series, part: str) -> pl.Series:
    """Return labels as text. 3 and 3.0 become "3", true becomes "true", empty text and NaN null.

    Raises:
        DataError: the column holds fractions, or neither text nor numbers.
    """
    if column.dtype.is_decimal():
        column = column.cast(pl.Float64())
    if column.dtype.is_float():
        # pandas turns a column of integers with a gap into floats.
        numbers = column.fill_nan(None)
        broken = (
            ~numbers.is_finite() | (numbers != numbers.round()) | (numbers.abs() > _MOST_EXACT)
        ).fill_null(value=False)
        if broken.any():
            row = first_row(broken)
            raise DataError(
                f"{part} row {row}: label {numbers[row]} in column {column.name} is not the "
                "name of a class. Use text or whole numbers."
            )
        column = numbers.cast(pl.Int64())
    if not (column.dtype.is_integer() or is_text(column) or column.dtype in (pl.Boolean, pl.Null)):
        raise wrong_type(column, part, "text or whole numbers")
    names = column.cast(pl.String())
    return names.set(names.str.strip_chars() == "", None)


def named_labels(
    column: pl.Series, names: Sequence[str] | None, part: str, notices: list[Notice]
) -> pl.Series:
    """Return labels as text; whole numbers are indices into the class names of the file, if any.

    Args:
        column: the labels.
        names: the class names that the file holds for this column.
        part: the name of the file in messages.
        notices: gets a notice if names were used.

    Raises:
        DataError: a number is no index, or as `as_labels`.
    """
    if names is None or not column.dtype.is_integer():
        return as_labels(column, part)
    index = column.cast(pl.Int128())
    index = index.set(index == _NO_LABEL, None)
    wrong = ((index < 0) | (index >= len(names))).fill_null(value=False)
    if wrong.any():
        row = first_row(wrong)
        raise DataError(
            f"{part} row {row}: label {index[row]} is not the index of one of the {len(names)} "
            f"class names that the file holds for column {column.name}. Correct one of them."
        )
    words = f"{part}: column {column.name} holds indices of the class names in the file"
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    missing = index.null_count()
    unlabelled = f"; {missing:,} rows have none" if missing else ""
    notices.append(Notice("guessed", f"{words} ({shown}){unlabelled}."))
    return index.replace_strict(dict(enumerate(names)), default=None, return_dtype=pl.String())


def as_texts(column: pl.Series, part: str) -> pl.Series:
    """Return texts as they are.

    Raises:
        DataError: the column is not text, or a row is empty.
    """
    if not is_text(column) and column.dtype != pl.Null:
        raise wrong_type(column, part, "text")
    if column.null_count():
        raise DataError(
            f"{part} row {first_row(column.is_null())}: column {column.name} is empty. Fill it, or "
            "remove the row."
        )
    return column.cast(pl.String())


def is_text(column: pl.Series) -> bool:
    """Tell whether a column holds text."""
    return column.dtype in (pl.String, pl.Categorical, pl.Enum)


def first_row(mask: pl.Series) -> int:
    """Return the row of the first True."""
    row = mask.arg_max()
    return 0 if row is None else row


def wrong_type(column: pl.Series, part: str, allowed: str) -> DataError:
    """Return the error for a column of another type."""
    return DataError(
        f"{part}: column {column.name} holds {_words(column.dtype)}; allowed: {allowed}. "
        "Name another column, or convert it."
    )


def _words(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Struct):
        return f"records of {', '.join(one.name for one in dtype.fields)[:80]}"
    if isinstance(dtype, pl.List | pl.Array):
        return f"lists of {_words(dtype.inner)}"  # type: ignore[arg-type]
    if dtype.is_temporal():
        return "dates or times"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    if dtype == pl.Boolean:
        return "true and false"
    return "numbers" if dtype.is_numeric() else "bytes" if dtype == pl.Binary else str(dtype)
