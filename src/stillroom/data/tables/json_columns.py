"""JSON columns: the values of one key in all records in, a column of one type out."""

from collections.abc import Sequence

import polars as pl

from stillroom.errors import DataError

_NULL = pl.Null()
_WIDER: dict[frozenset[pl.DataType], pl.DataType] = {
    frozenset((pl.Int64(), pl.Float64())): pl.Float64(),
    frozenset((pl.List(pl.Int64()), pl.List(pl.Float64()))): pl.List(pl.Float64()),
    frozenset((pl.List(_NULL), pl.List(pl.Int64()))): pl.List(pl.Int64()),
    frozenset((pl.List(_NULL), pl.List(pl.Float64()))): pl.List(pl.Float64()),
}
_WORDS = {
    pl.String(): "text",
    pl.Boolean(): "true or false",
    pl.Int64(): "whole numbers",
    pl.Float64(): "numbers",
}


def json_column(name: str, values: Sequence[object], part: str) -> pl.Series:
    """Return null, text, truth values, integers, numbers, or lists of numbers.

    Raises:
        DataError: a value has none of these types, or another one than those before it.
    """
    dtype: pl.DataType = _NULL
    for row, value in enumerate(values):
        if value is None:
            continue
        value_type = _type(value)
        if value_type is None:
            raise DataError(
                f"{part} row {row}: column {name} holds {_short(value)}; allowed are text, true, "
                "false, numbers of 64 bits and lists of numbers. Correct the row."
            )
        if dtype in (_NULL, value_type):
            dtype = value_type
        elif (wider := _WIDER.get(frozenset((dtype, value_type)))) is not None:
            dtype = wider
        else:
            raise DataError(
                f"{part} row {row}: column {name} holds {_short(value)} ({_words(value_type)}), "
                f"but the rows before hold {_words(dtype)}. Give the column one type."
            )
    return pl.Series(name, values, dtype=dtype, strict=False)


def json_text(value: object, origin: str, name: str) -> str:
    """Return a value that must be text.

    Raises:
        DataError: it is not text, or no Unicode.
    """
    if not isinstance(value, str):
        raise DataError(f"{origin}: {name} is {_short(value)}, not text. Correct the line.")
    if not _is_unicode(value):
        raise DataError(f"{origin}: {name} is not Unicode text. Correct the line.")
    return value


def _type(value: object) -> pl.DataType | None:
    """Return the type of a column that holds `value`, or None if none can."""
    match value:
        case bool():
            return pl.Boolean()
        case int():
            return pl.Int64() if -(2**63) <= value < 2**63 else None
        case float():
            return pl.Float64()
        case str():
            return pl.String() if _is_unicode(value) else None
        case list():
            return _list_type(value)
        case _:
            return None


def _list_type(values: list[object]) -> pl.DataType | None:
    types = {_type(value) for value in values if value is not None}
    if types <= {pl.Int64(), pl.Float64()}:
        inner = pl.Float64() if pl.Float64() in types else pl.Int64() if types else _NULL
        return pl.List(inner)
    return None


def _is_unicode(text: str) -> bool:
    """Tell whether UTF-8 can hold the text; JSON can encode half of a surrogate pair."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _words(dtype: pl.DataType) -> str:
    return _WORDS.get(dtype, "lists of numbers")


def _short(value: object) -> str:
    """Return the start of `value` in ASCII, which any terminal can show."""
    return ascii(value)[:40]
