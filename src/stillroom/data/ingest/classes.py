"""Classes: the names of labels in, the classes in order and their indices out.

    labels ──unique, natural order──> ("2", "10", "cat9", "cat10") ──> index

Numbers come first, by value. In other names, runs of digits are compared as numbers.
"""

import re
from decimal import Decimal

import polars as pl

from stillroom.errors import ConfigError, DataError, nearest

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DIGITS = re.compile(r"([0-9]+)")
SortKey = tuple[int, Decimal | tuple[tuple[int, int, str], ...], str]


def natural_key(name: str) -> SortKey:
    """Return the sort key of `name`."""
    if _NUMBER.fullmatch(name):
        return 0, Decimal(name), name
    chunks = []
    for chunk in _DIGITS.split(name):
        digits = chunk.lstrip("0") if _DIGITS.fullmatch(chunk) else ""
        # The number of digits is compared first, so a name of a million digits costs no conversion.
        chunks.append((0, len(digits), digits) if _DIGITS.fullmatch(chunk) else (1, 0, chunk))
    return 1, tuple(chunks), name


def class_names(frame: pl.DataFrame, declared: list[str] | None) -> tuple[str, ...]:
    """Return the names of the classes in order: the declared ones, or those of the rows.

    Args:
        frame: the rows, with `label`, a name or null, and `origin`.
        declared: `data.classes`; their order is kept.

    Raises:
        ConfigError: a class is declared twice.
        DataError: a label is not declared, or there are fewer than two classes.
    """
    present = frame["label"].drop_nulls().unique().to_list()
    if declared is not None:
        _check_declared(frame, declared)
    if len(present) < 2:
        given = f"only the class {present[0]}" if present else "no label at all"
        raise DataError(f"The data holds {given}. At least two classes are needed. Add examples.")
    return tuple(sorted(present, key=natural_key) if declared is None else declared)


def label_indices(frame: pl.DataFrame, classes: tuple[str, ...]) -> pl.DataFrame:
    """Return `frame` with `label` as an Int32 index into `classes`, or null if unlabelled."""
    index = {name: place for place, name in enumerate(classes)}
    return frame.with_columns(
        label=pl.col("label").replace_strict(index, default=None, return_dtype=pl.Int32())
    )


def _check_declared(frame: pl.DataFrame, declared: list[str]) -> None:
    twice = sorted(name for name in set(declared) if declared.count(name) > 1)
    if twice:
        raise ConfigError(f"data.classes lists {twice[0]} twice. List each class once.")
    strange = frame.filter(pl.col("label").is_not_null() & ~pl.col("label").is_in(declared))
    if strange.height:
        name, origin = strange["label"][0], strange["origin"][0]
        raise DataError(
            f"{origin}: the label {name} is not in data.classes.{nearest(name, declared)} "
            "Correct the label, or add it there."
        )
